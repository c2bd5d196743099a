"""Huge pages from a pool, for those who ask mmap() for them (Linux: mm/hugetlb.c)."""
