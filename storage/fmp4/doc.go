// Package fmp4 writes the boxes of ISO/IEC 14496-12 that the archive and its
// clips are made of: the init part (ftyp, moov with sample entries) and movie
// fragments. Writers append to a buffer that the caller reuses; nothing here
// allocates in steady state. Reading back is limited to fragments of our own
// making (recovery); everything else is read by a library, in tests.
package fmp4
