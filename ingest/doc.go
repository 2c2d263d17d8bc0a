// Package ingest keeps one worker alive for every stream that is to be recorded.
//
// Supervisor follows the registry: cameras are added, changed and removed while
// the others go on. A slot serves one stream for the life of the process; its
// worker has two loops, one that retries with back-off and one attempt inside.
// What a stream had no footage for, and why, goes to the journal, from there to
// the acts and the index.
package ingest
