"""Coverage by rule: which conditions of the rules of paging a unit has met, bin by bin.

From the ground up:

================================  =================================================================
:mod:`sim.coverage.bins`          coverpoints, their bins, and a count of hits
:mod:`sim.coverage.reachability`  bins that a configuration of the unit cannot reach
:mod:`sim.coverage.observation`   what was on the ports in an access, a write, an operation
:mod:`sim.coverage.happenings`    effects of control operations on cached translations
:mod:`sim.coverage.observer`      from the log of the ports to observations
:mod:`sim.coverage.points`        coverpoints of all rules, and how each is sampled
:mod:`sim.coverage.model`         all bins for a unit, numbered
:mod:`sim.coverage.stimulus`      stimuli that are aimed at bins
:mod:`sim.coverage.unit`          the compiled unit, observed, and compared with the golden model
:mod:`sim.coverage.campaign`      stimuli until every bin was hit
:mod:`sim.coverage.rules`         titles and sources of the rules, their code and their tests
:mod:`sim.coverage.proofs`        which formal property proves what of which rule
:mod:`sim.coverage.places`        places of a rule's sentences, tests and code in files
:mod:`sim.coverage.report`        findings of a campaign, as text and as JSON
:mod:`sim.coverage.page`          ... as a page
================================  =================================================================
"""
