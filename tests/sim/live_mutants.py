#!/usr/bin/env python3
"""Forgets one rule of the coherence code at a time, and sees whether the simulation notices.

    tests/sim/live_mutants.py [--seeds N] [name...]

Each mutant is a line of the engine that is replaced. The changed tree is built in build/mutants; the
last line counts. A mutant is expected to be caught, unless it says why nothing happens without it.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "build" / "mutants" / "tree"
BUILD = ROOT / "build" / "mutants" / "release"
FOLDERS = ("engine", "store", "sync", "bindings", "bench", "tests", "CMakeLists.txt", "CMakePresets.json")

# name, file, what is there, what is put there, why it survives ("" if it does not)
MUTANTS = [
    ("hits need a proof", "engine/memory_tier.h",
     "      if (now >= served_until) [[unlikely]]\n        return false;\n", "", ""),
    ("a lost message kills the namespace", "engine/part_tracker.cc",
     "  } else if (!is_next) {\n    memory_.Forget();\n  }\n", "  }\n", ""),
    ("a new generation kills the namespace", "engine/part_tracker.cc",
     "    memory_.Forget();\n    applied_ = state.sequence;\n    awaits_ = false;\n",
     "    applied_ = state.sequence;\n    awaits_ = false;\n", ""),
    ("what was missed before a handshake kills the namespace", "engine/part_tracker.cc",
     "    // Where the subscription has stood all the time, what is missing is still to come.\n    memory_.Forget();\n",
     "", ""),
    ("a proof waits for messages under way", "engine/part_tracker.cc",
     "  if (applied_ >= state.sequence) {\n", "  if (true) {\n", ""),
    ("a proof counts from the question", "engine/shared_upkeep.cc",
     "space->FinishHeartbeat(part, *state, asked, log_is_clean);",
     "space->FinishHeartbeat(part, *state, clock_.Elapsed() + absl::Seconds(1), log_is_clean);", ""),
    ("a proof looks at the log", "engine/part_tracker.cc",
     "  if (!log_is_clean) return;\n", "", ""),
    ("the shared tier is asked under a proof", "engine/part_tracker.cc",
     "return standing.address.trusted && now + kClockStep < standing.part_proven_at + bound_;",
     "return standing.address.trusted;", ""),
    ("untold changes keep from reading", "engine/shared_space.cc",
     " || !asked.untold.empty()", "", ""),
    ("untold changes are kept", "engine/untold_changes.cc",
     "  ++added_;\n", "  ++added_;\n  if (added_ > 0) return was_empty;\n", ""),
    ("stale generations are told again", "engine/shared_space.cc",
     "    if (!answer.ok() || answer->current) return answer;\n", "    return answer;\n", ""),
    ("messages drop entries", "engine/memory_invalidation.cc",
     "  if (entry == nullptr || (version != 0 && entry->version() >= version)) return;\n",
     "  if (now < kNever) return;\n", ""),
    ("messages fence loads", "engine/flights.cc",
     "  FenceLoad(space, key, hash);\n  if (const auto it = writes_.find(FlightKey{space, key, hash}); it != writes_.end()) {\n    uint64_t& newest",
     "  if (const auto it = writes_.find(FlightKey{space, key, hash}); it != writes_.end()) {\n    uint64_t& newest", ""),
    ("refused fills stay out of memory", "engine/shared_loads.cc",
     "    if (!stored || ready[i].loaded == nullptr) continue;\n",
     "    if (ready[i].loaded == nullptr) continue;\n",
     "it saves keeping what is known to be over; messages, generations and proofs end it all the same"),
    ("what goes past the shared tier is not kept", "engine/shared_loads.cc",
     "    if (!may_keep) continue;\n",
     "    if (!may_keep) {\n      loaded[i]->keep = true;\n      continue;\n    }\n",
     "memory is guarded by messages and proofs alone; without a claim a value would be in one place only"),
    ("loads beside a write go past the shared tier", "engine/read_through.cc",
     "  if (way.past_shared) shared.Skip(0);\n", "",
     "the writer has not returned, so an older answer is in order, and its end fences what was loaded; it saves claims"),
    ("joining needs a proof", "engine/memory_loads.cc",
     "if (flight != nullptr && (served || IsYoung(*flight, now))) {", "if (flight != nullptr) {", ""),
    ("older answers do not replace newer ones", "engine/memory_loads.cc",
     "if (old != nullptr && loaded.version != 0 && old->version() > loaded.version) {",
     "if (old != nullptr && loaded.version == kNever) {",
     "a load that is older than what memory has was fenced by what put that there"),
    ("what others were not told is not kept", "engine/write_through.cc",
     "engine::FinishWrite(memory, flight, value, coherence != Coherence::kDeferred);\n      return;",
     "engine::FinishWrite(memory, flight, value, true);\n      return;",
     "proofs guard it as they guard all memory"),
    ("newer versions overtake writes", "engine/memory_writes.cc",
     "flight.newest_version <= value.version", "flight.newest_version < kNever", ""),
    ("the relay tells", "engine/change_relay.cc",
     "const absl::Status told = Tell(name, of_namespace.changes.All().changes);", "const absl::Status told;", ""),
    ("rows stay until they are told", "engine/announcement.cc",
     "  if (logged_ && coherence == Coherence::kApplied) core_", "  if (logged_) core_", ""),
    ("memory follows after the shared tier", "engine/namespace.cc",
     "  Announcement(*core_, *state_, told).OfKeys(keys);\n  for (std::string_view key : keys) engine::Invalidate(memory, memory.Ref(state_, key));\n",
     "  for (std::string_view key : keys) engine::Invalidate(memory, memory.Ref(state_, key));\n  Announcement(*core_, *state_, told).OfKeys(keys);\n", ""),
    ("every part is told", "engine/shared_space.cc",
     "for (std::vector<SharedRecord>& of_part : of_parts) of_part.push_back(change);",
     "of_parts.front().push_back(change);", ""),
    ("births precede claims", "engine/shared_loads.cc",
     "      load.birth = sequence;\n", "      load.birth = sequence + 1000;\n", ""),
    ("handshakes after a trouble are worthless", "engine/part_tracker.cc",
     "  if (known.troubles != troubles_before) return;  // the next one will do\n", "",
     "nothing is trusted on it all the same; it saves forgetting"),
]


def run(*command, **keywords):
    return subprocess.run(command, check=False, text=True, capture_output=True, **keywords)


def build():
    if not (BUILD / "build.ninja").exists():
        done = run("cmake", "-S", str(COPY), "-B", str(BUILD), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                   "-DTRIVET_BUILD_BENCH=OFF", *launcher())
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
    return run("cmake", "--build", str(BUILD), "--target", "sim_live_main")


def launcher():
    if shutil.which("ccache") is None:
        return []
    return ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]


def copy_tree():
    COPY.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        source, target = ROOT / name, COPY / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)  # with their times, so that little is built again
        else:
            shutil.copy2(source, target)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20000)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    copy_tree()
    done = build()
    if done.returncode != 0:
        sys.exit(done.stdout[-4000:])
    caught = unexpected = 0
    chosen = [m for m in MUTANTS if not arguments.names or m[0] in arguments.names]
    for name, file, old, new, note in chosen:
        path = COPY / file
        text = path.read_text()
        if text.count(old) != 1:
            sys.exit(f"{name}: the line is there {text.count(old)} times in {file}")
        path.write_text(text.replace(old, new))
        try:
            done = build()
            if done.returncode != 0:
                sys.exit(f"{name}: does not build\n{done.stdout[-3000:]}")
            done = run(str(BUILD / "tests" / "sim" / "live_main"), "until", "--seeds", str(arguments.seeds))
        finally:
            path.write_text(text)
            # The next copy of the tree brings older times: nothing would be built again by itself.
            for built in BUILD.rglob(path.name + ".o"):
                built.unlink()
        is_caught = done.returncode != 0
        caught += is_caught
        unexpected += is_caught == bool(note)
        verdict = "caught  " if is_caught else "survives"
        print(f"{verdict} {name}: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.returncode}"
              f"{' -- ' + note if note else ''}", flush=True)
    print(f"{len(chosen)} mutants, {caught} caught, {unexpected} not as expected")
    sys.exit(1 if unexpected else 0)


if __name__ == "__main__":
    main()
