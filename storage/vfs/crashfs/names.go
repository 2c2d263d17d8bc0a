package crashfs

import "slices"

type opKind int

const (
	opSet    opKind = iota // dir[name] = node (create, link, mkdir)
	opRemove               // delete dir[name], if it is node
	opRename               // dir[name] = node, then delete oldDir[oldName], if it is node
)

// op is one change of names.
type op struct {
	kind    opKind
	dir     *inode
	name    string
	node    *inode
	oldDir  *inode
	oldName string
	// oldSynced: oldDir was synced since, so the old name does not outlive the
	// arrival of the new.
	oldSynced bool
}

// do makes a change seen; it waits in pending to become durable.
func (f *FS) do(o *op) {
	switch o.kind {
	case opSet:
		o.dir.names[o.name] = o.node
	case opRemove:
		delete(o.dir.names, o.name)
	case opRename:
		o.dir.names[o.name] = o.node
		delete(o.oldDir.names, o.oldName)
	}
	f.pending = append(f.pending, o)
}

// keep makes a change durable. half leaves a rename's old name standing.
func (o *op) keep(half bool) {
	switch o.kind {
	case opSet:
		o.dir.durable[o.name] = o.node
	case opRemove:
		drop(o.dir, o.name, o.node)
	case opRename:
		o.dir.durable[o.name] = o.node
		if !half {
			drop(o.oldDir, o.oldName, o.node)
		}
	}
}

func drop(dir *inode, name string, node *inode) {
	if dir.durable[name] == node {
		delete(dir.durable, name)
	}
}

func (o *op) touches(dir *inode, name string) bool {
	return o.dir == dir && o.name == name ||
		o.kind == opRename && o.oldDir == dir && o.oldName == name
}

// needs says whether o cannot have arrived unless the earlier change p has:
// both touch one name, or o removes (or replaces) the folder p changed.
func (o *op) needs(p *op) bool {
	if p.touches(o.dir, o.name) || o.kind == opRename && p.touches(o.oldDir, o.oldName) {
		return true
	}
	if o.kind == opRemove && o.node.isDir() {
		return p.dir == o.node || p.kind == opRename && p.oldDir == o.node
	}
	return false
}

// closure marks, beside the chosen changes, all that they need. Looking from the
// latest to the earliest once is enough, for needs only reaches back.
func closure(ops []*op, chosen []bool) {
	for i := len(ops) - 1; i >= 0; i-- {
		if !chosen[i] {
			continue
		}
		for j := range i {
			if !chosen[j] && ops[i].needs(ops[j]) {
				chosen[j] = true
			}
		}
	}
}

// laterTouch says whether a chosen change after ops[i] concerns the old name of
// the rename ops[i]. That change decides about the name then.
func laterTouch(ops []*op, chosen []bool, i int) bool {
	for j := i + 1; j < len(ops); j++ {
		if chosen[j] && ops[j].touches(ops[i].oldDir, ops[i].oldName) {
			return true
		}
	}
	return false
}

// commitDir makes the changes of a folder's names durable, and what they need.
func (f *FS) commitDir(d *inode) {
	for _, o := range f.pending {
		if o.kind == opRename && o.oldDir == d {
			o.oldSynced = true
		}
	}
	f.commit(func(o *op) bool { return o.dir == d })
}

// commitName makes the changes of one name durable, and what they need.
func (f *FS) commitName(d *inode, name string) {
	f.commit(func(o *op) bool { return o.touches(d, name) })
}

func (f *FS) commit(want func(*op) bool) {
	if len(f.pending) == 0 {
		return
	}
	chosen := make([]bool, len(f.pending))
	for i, o := range f.pending {
		chosen[i] = want(o)
	}
	closure(f.pending, chosen)
	var left []*op
	for i, o := range f.pending {
		if !chosen[i] {
			left = append(left, o)
			continue
		}
		// A rename out of another folder: the old name goes when that folder is
		// synced too.
		half := o.kind == opRename && o.oldDir != o.dir && !o.oldSynced &&
			!laterTouch(f.pending, chosen, i)
		o.keep(half)
		if half {
			left = append(left, &op{kind: opRemove, dir: o.oldDir, name: o.oldName, node: o.node})
		}
	}
	f.pending = slices.Clip(left)
}
