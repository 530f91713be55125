#!/usr/bin/env bash
# android-sample/emulator.sh ENV SN: registers terminal SN at the running `posemu serve --env ENV`, lets the debug build of the
# sample know where that is (as an Android emulator sees it), and prints a pairing code.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: android-sample/emulator.sh ENV SN; ENV is the file that posemu serve wrote" >&2
  exit 2
fi
env=$1 sn=$2
assets=${ASSETS:-$(dirname "${BASH_SOURCE[0]}")/app/src/debug/assets}

value() { python3 -c 'import functools, json, sys; print(functools.reduce(dict.get, sys.argv[2:], json.load(open(sys.argv[1]))))' "$env" "$@"; }
api() { # METHOD PATH [BODY]
  curl -s -f -X "$1" --cacert "$(value caFile)" -K - -d "${3:-}" "$(value admin url)$2" <<< "header = \"Authorization: Bearer $(value admin token)\""
}
api POST /admin/api/terminals "{\"serialNumber\":\"$sn\",\"location\":\"Lounge 1\"}" >/dev/null || echo "$sn is registered already" >&2

mkdir -p "$assets"
# It has the whitelist secret: for its owner alone, and never committed.
(umask 077 && python3 - "$env" "$sn" > "$assets/emulator.json" <<'PYTHON'
import json, sys, urllib.parse
env = json.load(open(sys.argv[1]))
url = urllib.parse.urlsplit(env["macs"]["url"])
json.dump({
    "server": url._replace(netloc=f"10.0.2.2:{url.port}").geturl(),
    "serialNumber": sys.argv[2],
    "trustedCa": open(env["caFile"]).read(),
    "whitelistSecret": env["macs"]["whitelistSecret"],
}, sys.stdout, indent=2)
PYTHON
)
echo "pairing code: $(api POST "/admin/api/terminals/$sn/pairing-code" | python3 -c 'import json, sys; print(json.load(sys.stdin)["code"])')"
