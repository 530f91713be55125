/* What SQLite is compiled without for apps; scripts/shipped.sh puts it before every C file. The driver asks for the first three.
   Only options whose functions no rule of SQLite's own parser calls: "-z defs" fails the link for any other. */
#undef SQLITE_ENABLE_FTS3
#undef SQLITE_ENABLE_RTREE
#undef SQLITE_ENABLE_UPDATE_DELETE_LIMIT
#define SQLITE_OMIT_JSON
#define SQLITE_OMIT_FOREIGN_KEY
#define SQLITE_OMIT_DATETIME_FUNCS
#define SQLITE_OMIT_AUTOVACUUM
#define SQLITE_OMIT_EXPLAIN
