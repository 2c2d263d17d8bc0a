// Package sqldb opens the databases of a DATA folder and brings their tables up
// to date. It knows nothing of what is in them.
//
// A DB is one SQLite file in WAL mode with one connection that writes and a
// pool that reads: readers never wait for the writer, writers wait for each
// other in Go rather than in SQLite's busy loop. Migrations are numbered SQL
// files, embedded by the package that owns the tables; each runs in one
// transaction and is never edited once released.
//
// SQL should be such that PostgreSQL runs it too. The differences allowed are
// WITHOUT ROWID, BLOB (bytea there) and PRAGMA.
package sqldb
