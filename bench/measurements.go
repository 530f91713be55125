package main

const module = "github.com/smartpos-go/terminal/"

// measurement is some Go benchmarks of one package and the rows they give, together with the figures of the Java peers. What is
// measured is not exported or is measured as its package does it, so the benchmarks stand there.
type measurement struct {
	pkg, pattern, benchtime string
	count                   int
	rows                    []compared
}

var scanRows = []measurement{
	{"offline", "^BenchmarkHashScan$", "5x", 5, []compared{
		{path: "hash scan / encoding/json tokens (200 k hashes)", ours: "HashScan/ours ns/op", peer: "HashScan/peer-encoding-json ns/op", least: 7},
	}},
}

var matchRows = []measurement{
	{"offline", "^BenchmarkBINMatch$/^(ours|peer-sqlite)$/^100000$", "300ms", 3, []compared{
		{path: "BIN match, 100 k ranges / SQLite lo <= ? AND hi >= ?", ours: "BINMatch/ours/100000 ns/op", peer: "BINMatch/peer-sqlite/100000 ns/op", least: 5000},
	}},
	{"offline", "^BenchmarkBINMatch$/^ours$/^1000000$", "300ms", 3, []compared{
		{path: "BIN match, 1 M ranges / Java TreeMap", ours: "BINMatch/ours/1000000 ns/op", peer: "java/treemap-match", least: 2.5},
	}},
}

// The lookups are asked three times over within one run, for building the lists takes most of its time.
var lookupRows = []measurement{
	{"offline", "^BenchmarkWhitelistLookup1M$", "100000x", 1, []compared{
		{path: "whitelist lookup, 1 M / naive go-sqlite3", ours: "WhitelistLookup1M/ours/hit ns/op", peer: "WhitelistLookup1M/peer-text-key/hit ns/op", least: 3.5},
		{path: "  both with mmap, not shipped / naive go-sqlite3", ours: "WhitelistLookup1M/ours/hit-mapped ns/op", peer: "WhitelistLookup1M/peer-text-key/hit-mapped ns/op", least: 5},
		{path: "  with mmap, not shipped / JDBC defaults", ours: "WhitelistLookup1M/ours/hit-mapped ns/op", peer: "java/jdbc-defaults-lookup", least: 5},
		{path: "  both with mmap, not shipped / JDBC tuned", ours: "WhitelistLookup1M/ours/hit-mapped ns/op", peer: "java/jdbc-tuned-lookup", least: 1.2},
	}},
	{"offline", "^BenchmarkWhitelistLookup10M$", "100000x", 1, []compared{
		{path: "whitelist lookup, 10 M / naive go-sqlite3", ours: "WhitelistLookup10M/ours/hit ns/op", peer: "WhitelistLookup10M/peer-text-key/hit ns/op", least: 4.5},
	}},
}

// Medians that one benchmark takes turn by turn.
var entryRows = []measurement{
	{"offline", "^BenchmarkDurableEntry$", "1000x", 3, []compared{
		{path: "journal append / preallocated write + fdatasync", ours: "DurableEntry ns/append", peer: "DurableEntry ns/fdatasync", most: 1.5},
		{path: "Store.Confirm, offline / preallocated write + fdatasync", ours: "DurableEntry ns/confirm", peer: "DurableEntry ns/fdatasync", most: 1.5},
		{path: "journal append / JDBC defaults, one INSERT", ours: "DurableEntry ns/append", peer: "java/jdbc-defaults-insert", least: 3.5},
		{path: "Store.Confirm, offline / JDBC defaults, one INSERT", ours: "DurableEntry ns/confirm", peer: "java/jdbc-defaults-insert", least: 3.5},
	}},
}

var deviceTokenRows = []measurement{
	{"deviceauth", "^Benchmark(Assertion|TokenFromCache)$", "50ms", 15, []compared{
		{path: "client assertion, ES256 / JDK", ours: "Assertion ns/op", peer: "java/jdk-assertion", least: 8},
		{path: "device token from the cache", ours: "TokenFromCache ns/op", limit: 200},
	}},
}

// Medians that one benchmark takes turn by turn.
var echoRows = []measurement{
	{"ws", "^BenchmarkEcho$", "1000x", 3, []compared{
		{path: "WebSocket echo, 200 B / raw TCP", ours: "Echo ns/channel", peer: "Echo ns/tcp", most: 1.35},
		{path: "WebSocket echo, 200 B / java.net.http.WebSocket", ours: "Echo ns/channel", peer: "java/jdk-websocket-echo", least: 1.2},
	}},
}

var gatewayRows = []measurement{
	{"backend/pgw/merchant", "^BenchmarkSigner(Verify)?$", "50ms", 15, []compared{
		{path: "gateway signature, 300 B / JDK Mac", ours: "Signer/300B ns/op", peer: "java/jdk-mac-sign-300B"},
		{path: "gateway signature verified, 300 B / JDK Mac", ours: "SignerVerify/300B ns/op", peer: "java/jdk-mac-verify-300B"},
		{path: "gateway signature, 64 KiB / JDK Mac", ours: "Signer/64KiB ns/op", peer: "java/jdk-mac-sign-64KiB"},
		{path: "gateway signature verified, 64 KiB / JDK Mac", ours: "SignerVerify/64KiB ns/op", peer: "java/jdk-mac-verify-64KiB"},
	}},
}

var streamRows = []measurement{
	{"posstream", "^Benchmark(Seal|Open)$", "50ms", 15, []compared{
		{path: "GCM seal, 235 B / JDK Cipher", ours: "Seal/gcm-235B ns/op", peer: "java/jdk-seal-gcm-235B", least: 1.6},
		{path: "GCM open, 235 B / JDK Cipher", ours: "Open/gcm-235B ns/op", peer: "java/jdk-open-gcm-235B", least: 1.6},
		{path: "GCM seal, 64 KiB / JDK Cipher", ours: "Seal/gcm-64KiB ns/op", peer: "java/jdk-seal-gcm-64KiB"},
		{path: "GCM open, 64 KiB / JDK Cipher", ours: "Open/gcm-64KiB ns/op", peer: "java/jdk-open-gcm-64KiB"},
		{path: "CBC seal, 235 B / JDK Cipher", ours: "Seal/cbc-235B ns/op", peer: "java/jdk-seal-cbc-235B"},
		{path: "CBC open, 235 B / JDK Cipher", ours: "Open/cbc-235B ns/op", peer: "java/jdk-open-cbc-235B"},
		{path: "CBC seal, 64 KiB / JDK Cipher", ours: "Seal/cbc-64KiB ns/op", peer: "java/jdk-seal-cbc-64KiB"},
		{path: "CBC open, 64 KiB / JDK Cipher", ours: "Open/cbc-64KiB ns/op", peer: "java/jdk-open-cbc-64KiB"},
	}},
}
