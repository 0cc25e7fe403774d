#!/usr/bin/env python3
"""Runs the main job, as the command of that name always did: `heroci run` with the options given."""

import sys

from heroci_action.__main__ import main

if __name__ == "__main__":
    sys.argv[1:1] = ["run"]
    main()
