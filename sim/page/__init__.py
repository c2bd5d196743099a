"""The page of a run: one HTML file in which a reader sees what happened, down to a clock edge.

=========================  ===============================================================
:mod:`sim.page.document`   all that the page shows, as one JSON document
:mod:`sim.page.numbered`   texts that a document keeps once, by number
:mod:`sim.page.records`    the records of a processor
:mod:`sim.page.evidence`   the access behind a claim, and the two paths to its frame
:mod:`sim.page.subjects`   addresses whose walks are shown, in every cycle
:mod:`sim.page.story`      claims, acts, and the two paths of the whole
:mod:`sim.page.stale`      when the TLB held what memory did not say any more
:mod:`sim.page.tables`     stores to the paging-structure entries
:mod:`sim.page.frames`     words of the frames that it is about
:mod:`sim.page.calls`      what the kernel did, function by function
:mod:`sim.page.stops`      stops of the cursor
:mod:`sim.page.waves`      the signals of a waveform
:mod:`sim.page.reduced`    all that decides whether an access is done
:mod:`sim.page.decisions`  the unit's decisions in all such states, for the explorer
:mod:`sim.page.html`       the page, written to a file
=========================  ===============================================================
"""
