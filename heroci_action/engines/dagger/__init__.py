"""The Dagger engine: steps as executions in containers, cached by what they are made of."""
