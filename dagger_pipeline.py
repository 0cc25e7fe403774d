#!/usr/bin/env python3
"""Run the main job: an alias for `heroci run` with the same options."""

import sys

from heroci_action.__main__ import main

if __name__ == "__main__":
    sys.argv[1:1] = ["run"]
    main()
