// Package sealblob is a blob.Store that keeps footage encrypted in another one: at
// rest in a bucket, in its backups and in the versions it may keep.
//
// An object is AES-256-GCM in records of 64 KiB, each with its tag of 16 bytes behind
// it, so that any range is read with one request and every byte that is handed out
// was authenticated. A record's nonce is its number, and a mark on the last: records
// cannot be moved, nor an object cut short. There is no header: size and key follow
// from the object's size and name.
//
//	object key = HKDF-SHA256(data key, info = "qianshao object 1" 0x00 name)   RFC 5869
//	nonce      = 1 on the last record, else 0 (1 byte) | 0 (3) | number (8, big endian)
//
// The name must name the content (a segment's has half of its SHA-256 in it): the same
// name with other bytes would use a nonce twice. Sizes and checksums on this side
// are those of the plain bytes.
//
// A data key is for one camera and UTC month. It stands in the other store, sealed by
// the site's key, as v1/keys/{camera}/{yyyymm}/all/{generation}. Destroying it makes
// all that it sealed unreadable. Where some of that must stay (footage that a case
// holds), the keys of these objects are kept: v1/keys/{camera}/{yyyymm}/{hash of the
// name}/{generation}. The site's key is not in the store: without it nothing can be
// read there.
//
// A backup of the store, or a bucket that keeps versions, may have a data key that was
// destroyed, sealed by the site's key of that time. Where such copies are kept, the
// site's key is rotated after a destruction (Reseal, then forgetting the old one).
package sealblob
