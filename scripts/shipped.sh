# How the library is compiled and linked for apps. Sourced from the root of the repository: by aar.sh; by jvm-binding.sh, so that
# the tests on the JVM run what apps run; and by `make test` for package offline. gomobile's clang and lld know every flag too.

tags=nethttpomithttp2,sqlite_omit_load_extension # every call is HTTP/1.1 or a WebSocket over it
ldflags='-s -w -extldflags=-Wl,-z,max-page-size=16384,--gc-sections,-z,defs'
# Small code; no function that nobody calls; no tables for unwinding C, which end at Go's frames anyway. The last flag tells go's
# cache of another sqlite.h, which it does not look into.
export CGO_CFLAGS="-Os -ffunction-sections -fdata-sections -fvisibility=hidden -fno-asynchronous-unwind-tables -fno-unwind-tables \
-include $PWD/scripts/sqlite.h -DSQLITE_H_SUM=$(cksum <scripts/sqlite.h | cut -d' ' -f1)"
