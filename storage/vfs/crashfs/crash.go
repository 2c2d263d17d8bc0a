package crashfs

import (
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes as a whole, at the least.
const sector = 512

// Crash returns what a disk might hold after a power cut at this moment, drawn
// from rng: the same rng state and history give the same disk. The receiver is
// not changed and may be asked again; files open in it stay in it. In the
// result everything is durable, and nothing is limited.
func (f *FS) Crash(rng *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := cloner{seen: map[*inode]*inode{}, source: map[*inode]*inode{}}
	root := c.clone(f.root)
	ops := make([]*op, len(f.pending))
	for i, o := range f.pending {
		k := *o
		k.dir, k.node = c.clone(o.dir), c.clone(o.node)
		if o.oldDir != nil {
			k.oldDir = c.clone(o.oldDir)
		}
		ops[i] = &k
	}
	chosen := arrived(ops, rng)
	for i, o := range ops {
		if chosen[i] {
			o.keep(o.kind == opRename && !o.oldSynced && !laterTouch(ops, chosen, i) && rng.IntN(3) == 0)
		}
	}
	var files []*inode
	settle(root, &files)
	var other [][]byte
	for _, n := range files {
		other = append(other, c.source[n].data)
	}
	for _, n := range files {
		n.data = c.source[n].tear(rng, other)
		n.low = len(n.data)
	}
	return &FS{root: root, fuse: -1}
}

// arrived draws which changes of names reached the disk: none, all, those
// before a moment (as a journal does), or any that POSIX allows.
func arrived(ops []*op, rng *rand.Rand) []bool {
	chosen := make([]bool, len(ops))
	mode, cut := rng.IntN(4), rng.IntN(len(ops)+1)
	for i := range chosen {
		switch mode {
		case 0:
		case 1:
			chosen[i] = true
		case 2:
			chosen[i] = i < cut
		case 3:
			chosen[i] = rng.IntN(2) == 0
		}
	}
	closure(ops, chosen)
	return chosen
}

// cloner copies the durable view.
type cloner struct {
	seen   map[*inode]*inode // original to copy
	source map[*inode]*inode // copy to original
}

func (c *cloner) clone(n *inode) *inode {
	if k, ok := c.seen[n]; ok {
		return k
	}
	k := &inode{mod: n.mod}
	c.seen[n], c.source[k] = k, n
	if n.isDir() {
		k.names, k.durable = map[string]*inode{}, map[string]*inode{}
		for name, child := range n.durable {
			k.durable[name] = c.clone(child)
		}
	}
	return k
}

// settle makes the durable names the ones seen, and collects the files in a
// fixed order, each once.
func settle(d *inode, files *[]*inode) {
	names := make([]string, 0, len(d.durable))
	for name := range d.durable {
		names = append(names, name)
	}
	slices.Sort(names)
	clear(d.names)
	for _, name := range names {
		n := d.durable[name]
		d.names[name] = n
		switch {
		case n.isDir():
			settle(n, files)
		case !slices.Contains(*files, n):
			*files = append(*files, n)
		}
	}
}

// tear draws what a file holds after the cut. other are the bytes of all files,
// for blocks that were freed and handed out again.
func (n *inode) tear(rng *rand.Rand, other [][]byte) []byte {
	synced := append(slices.Clone(n.data[:n.low]), n.tail...)
	if n.tail == nil && n.low == len(n.data) {
		return synced
	}
	most := max(len(synced), len(n.data))
	size := n.low + rng.IntN(most-n.low+1)
	switch rng.IntN(6) {
	case 0: // nothing of it arrived
		return synced
	case 1: // all of it did
		return slices.Clone(n.data)
	case 2: // a beginning of it, to a byte
		return slices.Clone(n.data[:min(size, len(n.data))])
	case 3: // a beginning of it, to a sector, and the size without the data
		out := make([]byte, most)
		copy(out, n.data[:max(n.low, min(size, len(n.data))/sector*sector)])
		return out
	case 4: // the size alone
		out := make([]byte, max(size, n.low))
		copy(out, n.data[:n.low])
		return out
	default:
		return n.shred(rng, synced, other, size)
	}
}

// shred draws every sector beyond the synced bytes on its own.
func (n *inode) shred(rng *rand.Rand, synced []byte, other [][]byte, size int) []byte {
	out := make([]byte, size)
	copy(out, n.data[:n.low])
	for at := n.low; at < size; {
		end := min(at/sector*sector+sector, size)
		part := out[at:end]
		switch rng.IntN(6) {
		case 0, 1: // arrived
			copyFrom(part, n.data, at)
		case 2: // as it was
			copyFrom(part, synced, at)
		case 3: // zeros
		case 4: // noise
			for i := range part {
				part[i] = byte(rng.Uint32())
			}
		case 5: // a freed block of some file
			copyFrom(part, other[rng.IntN(len(other))], at)
		}
		at = end
	}
	return out
}

func copyFrom(dst, src []byte, at int) {
	if at < len(src) {
		copy(dst, src[at:])
	}
}
