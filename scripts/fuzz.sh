#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Run each fuzzer given for FUZZ_SECONDS (default 20), starting from tests/fuzz/corpus/NAME.
# What it finds goes beside the program: new inputs in NAME.corpus, crashes as NAME.crash-*.
# Ends with 1 if any input broke a property, read out of bounds, leaked or took too long.
cd "$(dirname "$0")/.." || exit 1
seconds=${FUZZ_SECONDS:-20}
failed=0
if [ $# -eq 0 ]; then
	echo "usage: $0 FUZZER...   (make fuzz)" >&2
	exit 2
fi
for fuzzer; do
	name=$(basename "$fuzzer")
	seeds=tests/fuzz/corpus/${name%_fuzz}
	mkdir -p "$fuzzer.corpus"
	[ -d "$seeds" ] || seeds=
	if "$fuzzer" -max_total_time="$seconds" -timeout=5 -max_len=4096 -print_final_stats=1 \
		-artifact_prefix="$fuzzer.crash-" "$fuzzer.corpus" ${seeds:+"$seeds"} \
		>"$fuzzer.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$fuzzer.log")
		echo "$name: ${runs:-?} inputs in $seconds s, none failed"
	else
		tail -40 "$fuzzer.log"
		echo "$name: FAILED, see $fuzzer.log"
		failed=1
	fi
done
exit $failed
