#!/usr/bin/env bash
# The reference validator of JSON Schema agrees with what is written: saved examples, and what the command writes.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
schema=$root/docs/result.schema.json

# validate FILE...: prints one line per violation; fails if there is one
validate() {
    python3 - "$schema" "$@" <<'PY'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
bad = 0
for name in sys.argv[2:]:
    def no_constant(word):
        raise ValueError(name + ": " + word + " is no JSON")
    for error in validator.iter_errors(json.load(open(name), parse_constant=no_constant)):
        print(name, error.json_path, error.message[:200])
        bad += 1
sys.exit(bad > 0)
PY
}

if ! python3 -c 'import jsonschema' 2>/dev/null; then
    skip "results validate against docs/result.schema.json" "python3-jsonschema is not installed (apt-get install python3-jsonschema)"
    done_testing
    exit
fi

for file in "$root"/tests/golden/report/*.json; do
    ok "$(basename "$file") is valid" validate "$file"
done

# The validator itself can say no.
sed 's/"cause": "layout"/"cause": "weather"/' "$root/tests/golden/report/layout.json" >"$work/weather.json"
not_ok "a cause that is no word of the table is invalid" validate "$work/weather.json"
sed '/"complete":/d' "$root/tests/golden/report/layout.json" >"$work/short.json"
not_ok "a result without a required key is invalid" validate "$work/short.json"

if [[ -x $ltf ]]; then
    "$ltf" inspect "$ltf" "$ltf" --json "$work/inspect.json" >/dev/null
    ok "what \`inspect --json\` writes is valid" validate "$work/inspect.json"
    printf 'source clock\nold * cpu 1e9\nnew * cpu 1.1e9\ncontrol * cpu 1e9\n' >"$work/script"
    "$ltf" --script "$work/script" --json "$work/scripted.json" "$ltf" "$ltf" >/dev/null
    ok "what \`compare --json\` writes is valid" validate "$work/scripted.json"
    "$ltf" report "$work/scripted.json" --format json >"$work/again.json"
    ok "something was saved" test -s "$work/scripted.json"
    is "$(cat "$work/again.json")" "$(cat "$work/scripted.json")" "a saved result, loaded and saved again, is the same file"
else
    skip "what the command writes is valid" "$ltf is not built"
fi
done_testing
