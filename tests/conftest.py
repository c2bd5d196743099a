"""Settings of all tests."""

import signal


# A shell has what it runs in the background ignore Ctrl-C, and nohup the end of a terminal; and so
# would the commands that the tests start to end them by these signals.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
