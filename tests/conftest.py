"""What holds for all tests."""

import signal


# A shell has what it runs in the background ignore Ctrl-C, and so do the commands that the tests
# start to interrupt them.
signal.signal(signal.SIGINT, signal.default_int_handler)
