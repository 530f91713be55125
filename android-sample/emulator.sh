#!/usr/bin/env bash
# android-sample/emulator.sh ENV SN: registers terminal SN and a till at the running `posemu serve --env ENV`, lets the debug build
# of the sample know where all that is (as an Android emulator sees it), and prints a pairing code.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: android-sample/emulator.sh ENV SN; ENV is the file that posemu serve wrote" >&2
  exit 2
fi
env=$1 sn=$2
values=${VALUES:-$(dirname "${BASH_SOURCE[0]}")/app/src/debug/res/values}
till=127.0.0.1:7000 # where this PC finds the app's port 7000 after `adb forward`

die() { echo "emulator.sh: $1" >&2; exit 1; }
for _ in {1..30}; do # it may have been started a moment ago
  [ ! -s "$env" ] || break
  sleep 0.1
done
[ -s "$env" ] || die "$env is missing: start posemu serve --env $env first"

{ read -r ca && read -r admin && read -r token; } < <(
  python3 -c 'import json, sys; e = json.load(open(sys.argv[1])); print(e["caFile"], e["admin"]["url"], e["admin"]["token"], sep="\n")' "$env" 2>/dev/null
) || die "$env is not the file that posemu serve writes"
api() { # METHOD PATH [BODY]
  local answer
  answer=$(curl -s --fail-with-body --retry 2 --retry-connrefused -X "$1" --cacert "$ca" -K - -d "${3:-}" "$admin$2" \
    <<< "header = \"Authorization: Bearer $token\"") || die "$1 $2: ${answer:-no answer; does the posemu serve of $env run?}"
  printf '%s\n' "$answer"
}
terminals=$(api GET /admin/api/terminals)
if [[ $terminals == *"\"serialNumber\":\"$sn\""* ]]; then
  echo "$sn is registered already" >&2
else
  api POST /admin/api/terminals "{\"serialNumber\":\"$sn\",\"location\":\"Lounge 1\"}" >/dev/null
fi
secret=$(python3 -c 'import secrets; print(secrets.token_urlsafe(24))')
api POST /admin/api/posstream/integrators "{\"keyId\":\"SAMPLE\",\"secretKey\":\"$secret\"}" >/dev/null
clients=$(api GET /admin/api/posstream/clients)
[[ $clients == *"\"$till\""* ]] ||
  api POST /admin/api/posstream/clients "{\"address\":\"$till\",\"pos\":\"POS-01\",\"reconnectSeconds\":3}" >/dev/null

mkdir -p "$values"
# It has secrets: for its owner alone, and never committed.
(umask 077 && POS_SECRET=$secret python3 - "$env" "$sn" > "$values/emulator.xml" <<'PYTHON'
import json, os, sys, urllib.parse
from xml.sax.saxutils import escape
env = json.load(open(sys.argv[1]))
def seen(section):
    url = urllib.parse.urlsplit(env[section]["url"])
    return url._replace(netloc=f"10.0.2.2:{url.port}").geturl()
print('<?xml version="1.0" encoding="utf-8"?>\n<resources>')
for name, text in {
    "serial_number": sys.argv[2],
    "trusted_ca": open(env["caFile"]).read(),
    "server": seen("macs"),
    "whitelist_secret": env["macs"]["whitelistSecret"],
    "api": seen("mpac"),
    "audience": env["mpac"]["issuer"],
    "gateway": seen("pgw"),
    "listen": "127.0.0.1:7000",
    "key_id": "SAMPLE",
    "till_secret": os.environ["POS_SECRET"],
}.items():
    for plain, escaped in ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"):
        text = text.replace(plain, escaped)
    print(f'    <string name="default_{name}" translatable="false">"{escape(text)}"</string>')
print("</resources>")
PYTHON
)
code=$(api POST "/admin/api/terminals/$sn/pairing-code")
echo "pairing code: $(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["code"])' "$code")"
echo "for orders of the till: adb forward tcp:7000 tcp:7000, then POST /admin/api/posstream/events"
