"""Test files of the blocks and rules of the unit."""

from collections.abc import Mapping


__all__ = ["TESTED_IN"]


#: Test files of each file of the unit, besides by the golden model in test_against_golden_*.
TESTED_IN: Mapping[str, set[str]] = {
    "adapters/classic": {"test_adapters"},
    "adapters/unit":    {"test_adapters"},
    "adapters/width":   {"test_adapters"},
    "arbiter":    {"test_arbiter", "test_arbiter_units"},
    "control":    {"test_registers", "test_rules_modes", "test_rules_tlb"},
    "interrupts": {"test_interrupts"},
    "invalidation": {"test_rules_contexts", "test_rules_tlb"},
    "lanes":      {"test_operands"},
    "legality":   {"test_registers", "test_rules_modes"},
    "linear":     {"test_rules_walk", "test_walker"},
    "mmu":        {"test_latency", "test_operands"},
    "permission": {"test_rules_verdict"},
    "pdpte":      {"test_pdpte", "test_rules_pae"},
    "physical":   {"test_physical"},
    "queue":      {"test_queue"},
    "reserved":   {"test_rules_walk", "test_rules_modes"},
    "tlb/array":  {"test_tlb_second"},
    "tlb/block":  {"test_tlb_first"},
    "tlb/first":  {"test_tlb_first", "test_rules_tlb"},
    "tlb/second": {"test_tlb_second", "test_latency", "test_rules_contexts"},
    "tlb/stamps": {"test_tlb_second", "test_rules_contexts"},
    "tlb/tlb":    {"test_latency", "test_rules_tlb"},
    "transfer":   {"test_operands", "test_latency"},
    "translator": {"test_rules_verdict", "test_rules_tlb"},
    "updater":    {"test_updater", "test_rules_flags"},
    "verdict":    {"test_rules_verdict", "test_rules_walk"},
    "walker":     {"test_walker", "test_rules_walk"},
}
