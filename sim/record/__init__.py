"""Record of the ports, and judgements of it.

=============================  =============================================
:mod:`sim.record.signals`      the one list of sampled signals
:mod:`sim.record.records`      the things that are on record
:mod:`sim.record.tlb`          changes of a TLB, and its contents
:mod:`sim.record.tlb_history`  contents of a TLB in any cycle
:mod:`sim.record.decoding`     numbers on the signals, as records have them
:mod:`sim.record.recorder`     from sampled signals to a recording
:mod:`sim.record.interval`     intervals of cycles
:mod:`sim.record.trace`        queries of a recording
:mod:`sim.record.history`      physical memory in any cycle
:mod:`sim.record.calls`        calls of kernel functions
:mod:`sim.record.words`        records in a few words
:mod:`sim.record.verdict`      verdicts on claims
:mod:`sim.record.witness`      the access that a verdict names
:mod:`sim.record.claims`       judges of claims, by the trace of a processor
:mod:`sim.record.coherence`    judges by the traces of several processors
:mod:`sim.record.view`         the signals that a waveform shows of a unit
:mod:`sim.record.waves`        signals as a waveform shows them
:mod:`sim.record.slots`        contents of TLBs in a waveform
:mod:`sim.record.saved`        views of a waveform for GTKWave and Surfer
:mod:`sim.record.vcdfile`      the VCD file of a waveform
:mod:`sim.record.waveform`     the files of a waveform
:mod:`sim.record.viewed`       the signals of a waveform, kept in memory
=============================  =============================================
"""
