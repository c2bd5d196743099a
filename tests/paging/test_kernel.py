"""The kernel's records of an address: mappings, areas, frames, and how the text tells them."""

from dataclasses import replace

import pytest

from sim.paging.text import as_text
from sim.scenario import MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PAGE_SIZE, PROT_READ
from sim.scenarios import SCENARIOS
from sw.init.initramfs import do_copy
from sw.mm.highmem import kmap, kmap_local_page, kunmap, kunmap_local
from sw.mm.page_alloc import GFP_HIGHUSER_MOVABLE, alloc_page, nr_free_pages, put_page

from .play_support import played


pytestmark = pytest.mark.slow


def area(walk):
    return walk.kernel.area


def frame(walk):
    return walk.kernel.frame


async def look_at_a_process(stage, found):
    """Walks of the pages of a process."""
    await do_copy(stage.cpu, "/file", b"word", uid=1000)
    user = await stage.user("looker")
    page = found["page"] = await user.mmap(4 * PAGE_SIZE)
    found["nothing yet"] = stage.walk(page)
    await user.load(page + PAGE_SIZE, 4)
    found["zeros"] = stage.walk(page + PAGE_SIZE)
    await user.store(page, 1, 4)
    found["own"] = stage.walk(page + 8)
    child = await user.fork()
    found["shared"] = stage.walk(page)
    await child.exit()
    fd = await user.open("/file")
    mapped = await user.mmap(PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd)
    await user.load(mapped, 4)
    found["file"] = stage.walk(mapped)
    anonymous = await user.mmap(PAGE_SIZE, flags=MAP_SHARED | MAP_ANONYMOUS)
    await user.store(anonymous, 1, 4)
    found["shared memory"] = stage.walk(anonymous)
    found["hole"]   = stage.walk(page - 64 * PAGE_SIZE)
    found["kernel"] = stage.walk(stage.kernel.paging.PAGE_OFFSET)
    found["beyond"] = stage.walk(stage.kernel.paging.PAGE_OFFSET - PAGE_SIZE)
    found["own, mapped by the kernel"] = stage.walk(
        stage.kernel.paging.PAGE_OFFSET + frame(found["own"]).physical)
    found["earlier"] = stage.walk(page, cycle=stage.cycle // 2)


@pytest.fixture(scope="module")
def walks():
    return played(look_at_a_process, era="6.x")


def test_a_mapping_without_a_page_has_no_frame(walks):
    walk = walks["nothing yet"]
    assert (area(walk).start, area(walk).end) == (walks["page"], walks["page"] + 4 * PAGE_SIZE)
    assert (area(walk).name, area(walk).access, area(walk).owner) == (
        "anonymous", "rw-p", "looker (1)")
    assert frame(walk) is None
    assert "  frame     none\n" in as_text(walk)


def test_a_page_that_was_only_read_is_the_page_of_zeros(walks):
    assert frame(walks["zeros"]).use == "page of zeros"


def test_a_page_of_one_process_is_exclusive_until_a_fork(walks):
    own, shared = frame(walks["own"]), frame(walks["shared"])
    assert (own.use, own.exclusive, own.refcount, own.mapcount) == ("anonymous", True, 1, 1)
    assert (shared.exclusive, shared.refcount, shared.mapcount) == (False, 2, 2)
    assert own.physical == walks["own"].physical & -PAGE_SIZE == shared.physical
    text = " ".join(as_text(walks["own"]).split())
    assert f"frame {own.physical:#x}: anonymous, exclusive, refcount 1, mapcount 1" in text
    assert "anonymous, of looker (1)" in text


def test_a_page_of_a_file_has_its_path_and_its_place(walks):
    walk = walks["file"]
    assert (area(walk).name, area(walk).access, area(walk).offset) == ("/file", "r--p", 0)
    # The page cache has a reference, and the entry another.
    assert (frame(walk).use, frame(walk).exclusive, frame(walk).refcount) == (
        "page 0 of /file", None, 2)
    assert "/file from byte 0x0, of looker (1)" in " ".join(as_text(walk).split())


def test_shared_memory_is_a_file_without_a_name(walks):
    walk = walks["shared memory"]
    assert (area(walk).name, area(walk).access) == ("shared anonymous", "rw-s")
    assert frame(walk).use == "page 0 of shared anonymous"


def test_where_nothing_is_mapped_there_is_no_mapping(walks):
    assert area(walks["hole"]) is area(walks["beyond"]) is None
    assert "  mapping   none\n" in as_text(walks["hole"])


def test_a_kernel_address_is_in_the_linear_map(walks):
    assert area(walks["kernel"]).name == "linear map"
    assert frame(walks["kernel"]).use == "the kernel's since boot"
    assert frame(walks["own, mapped by the kernel"]).use == "anonymous"


def test_of_an_earlier_cycle_the_kernel_knows_nothing_any_more(walks):
    assert walks["earlier"].kernel is None
    assert "mapping" not in as_text(walks["earlier"])


async def look_at_high_memory(stage, found):
    """Walks of the windows through which a 32-bit kernel reaches it."""
    page = await alloc_page(stage.cpu, GFP_HIGHUSER_MOVABLE)
    assert page.highmem
    address = await kmap(stage.cpu, page)
    found["kmap"] = stage.walk(address)
    await kunmap(stage.cpu, page)
    found["kunmap"] = stage.walk(address)
    found["free"] = stage.walk(address + 8 * PAGE_SIZE)
    local = await kmap_local_page(stage.cpu, page)
    found["kmap_local"] = stage.walk(local)
    await kunmap_local(stage.cpu, local)
    found["top"] = stage.walk((1 << 32) - PAGE_SIZE)
    put_page(stage.cpu, page)


def test_the_windows_to_high_memory_are_named():
    walks = played(look_at_high_memory, mode="32bit")
    names = {name: area(walk) and area(walk).name for name, walk in walks.items()}
    slot  = names["kmap"].split()[3].rstrip(",")
    assert names == {
        "kmap":       f"kmap window, slot {slot}, 1 user",
        "kunmap":     f"kmap window, slot {slot}, no user",
        "free":       f"kmap window, slot {int(slot) + 8}, free",
        "kmap_local": "kmap_local window of processor 0, slot 0",
        "top":        None,
    }
    assert frame(walks["kmap"]).use == frame(walks["kmap_local"]).use == "the kernel's"


@pytest.mark.parametrize("engine", ["pysim", "cxxrtl"])
def test_a_run_that_its_limit_ends_is_looked_at_before_anything_is_cleaned_up(engine):
    found = {}

    async def play(stage):
        user = await stage.user("looker")
        page = found["page"] = await user.mmap(PAGE_SIZE)
        await user.store(page, 1, 4)
        await user.pwrite(await user.open("/proc/self/mem"), page, 4, page)
        found["copying"] = stage.trace.window("copy_to_user_page")[0].since

    def ended(stage):
        found.update(stage=stage, free=nr_free_pages(stage.cpu),
                     walk=stage.walk(found["page"], cycle=found["copying"]))

    story = replace(SCENARIOS["article"], play=play)
    story.perform(engine="cxxrtl", era="6.x", ended=ended)
    run = story.perform(engine=engine, era="6.x", limit=found["copying"] + 1, ended=ended)
    assert run.failure is not None and run.cycles == found["copying"] + 1
    # get_user_pages holds the page while it is copied to, and mem_rw has a page of its own.
    assert frame(found["walk"]).refcount == 2
    assert nr_free_pages(found["stage"].cpu) == found["free"] + 1
