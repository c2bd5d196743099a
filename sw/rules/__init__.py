"""Rules that Linux had one after another: a file each. An era (:mod:`sw.era`) takes one of each."""
