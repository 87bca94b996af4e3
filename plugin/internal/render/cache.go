package render

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/template"
)

// cacheDir is in the output directory, and templatesDir in that.
const (
	cacheDir     = ".istio-tenancy"
	templatesDir = "templates"
)

// cache is what is known of earlier runs. Nothing in it is needed: what is
// missing, unreadable, out of date or another machine's is made again. A run that
// only says whether an output is right does not believe it.
type cache struct {
	dir      string // "" : there is none, and none is written
	readOnly bool
	seal     seal

	mu    sync.Mutex
	old   map[string]entry
	new   map[string]entry
	sets  [][]string
	index map[string]int // of sets

	start  time.Time // of this run
	last   time.Time // when it wrote an output
	since  time.Time // when the run began that wrote what is known
	shared sync.Map  // see outside
}

// entry is one tenant's output, and what it was made of.
type entry struct {
	Overlay string  // absolute
	Inputs  int     // index of the set of files
	Digest  string  // of those
	Outside string  // of those that are not in the overlay
	Stamps  []int64 // of those that are; see stamps
	Split   bool
	Objects int
	Tenants int
	Claims  []claim
	Roots   []collision.Root
	Files   []outputFile // in the tenant's directory
}

type outputFile struct {
	Name string
	Size int64
	Time int64 // of the last change, in nanoseconds
}

const stateFile = "state"

// state is what that file holds.
type state struct {
	Start   time.Time // of the run
	Sets    [][]string
	Tenants map[string]entry
}

// cachedTemplate is a template for overlays whose Files have Digest.
type cachedTemplate struct {
	Files    []string
	Digest   string
	Template *template.Template // nil: there can be none
	Reason   string             // why
}

// openCache opens the cache of an output directory, which it locks: two runs
// would undo each other's work. Close it. A read-only cache is not locked.
func openCache(output string, readOnly bool) (*cache, func(), error) {
	c := &cache{readOnly: readOnly, start: time.Now(), new: map[string]entry{}, old: map[string]entry{}, index: map[string]int{}}
	unlock := func() {}
	if output == "" {
		return c, unlock, nil
	}
	c.dir = filepath.Join(output, cacheDir)
	if err := noLinks(append(steps(output), c.dir, c.temp(), filepath.Join(c.dir, templatesDir), filepath.Join(c.dir, unfinishedDir))...); err != nil {
		return nil, nil, err
	}
	if err := notBelowFile(output); err != nil {
		return nil, nil, err
	}
	if !readOnly {
		if err := os.MkdirAll(filepath.Join(c.dir, templatesDir), 0o755); err != nil {
			return nil, nil, err
		}
		lock := filepath.Join(c.dir, "lock")
		if _, err := readRegular(lock); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
		var err error
		if unlock, err = lockedfile.MutexAt(lock).Lock(); err != nil {
			return nil, nil, err
		}
		// What a run that was killed left.
		err = errors.Join(os.RemoveAll(c.temp()), os.Mkdir(c.temp(), 0o755), c.write(".gitignore", []byte("*\n")))
		if err != nil {
			unlock()
			return nil, nil, err
		}
	}
	var state state
	c.seal = openSeal(output, readOnly)
	if c.read(stateFile, &state) {
		c.since = state.Start
		for name, e := range state.Tenants {
			if e.Inputs >= 0 && e.Inputs < len(state.Sets) {
				c.old[name] = e
			}
		}
		for _, set := range state.Sets {
			c.set(set)
		}
	}
	return c, unlock, nil
}

// temp is where files are written before they are renamed.
func (c *cache) temp() string { return filepath.Join(c.dir, "tmp") }

func (c *cache) write(name string, content []byte) error {
	return writeFile(c.temp(), filepath.Join(c.dir, name), content)
}

// read reads what this machine has remembered in a file of the cache.
func (c *cache) read(name string, into any) bool {
	sealed, err := readRegular(filepath.Join(c.dir, name))
	if err != nil {
		return false
	}
	text, ok := c.seal.open(name, sealed)
	return ok && gob.NewDecoder(bytes.NewReader(text)).Decode(into) == nil
}

func (c *cache) remember(name string, what any) error {
	var text bytes.Buffer
	if err := gob.NewEncoder(&text).Encode(what); err != nil {
		return err
	}
	return c.write(name, c.seal.close(name, text.Bytes()))
}

// set returns the index of a set of files, most of which are alike.
func (c *cache) set(files []string) int {
	text, err := json.Marshal(files)
	if err != nil {
		return -1
	}
	i, ok := c.index[string(text)]
	if !ok {
		i = len(c.sets)
		c.index[string(text)] = i
		c.sets = append(c.sets, files)
	}
	return i
}

// isCurrent says whether an overlay's output is as it was written, and would be
// written again.
func (c *cache) isCurrent(o overlay, split bool, output string, digests *digester) (entry, bool) {
	e, ok := c.old[o.name]
	if !ok || c.readOnly || e.Overlay != o.dir || e.Split != split {
		return entry{}, false
	}
	inputs := c.sets[e.Inputs]
	now := stamps(o.dir, inputs)
	if !slices.Equal(now, e.Stamps) || c.isFresh(now) || c.outside(o.dir, e.Inputs, digests) != e.Outside {
		if digests.of(o.dir, inputs) != e.Digest {
			return entry{}, false
		}
		e.Stamps, e.Outside = now, c.outside(o.dir, e.Inputs, digests)
	}
	if noLinks(filepath.Join(output, o.name)) != nil {
		return entry{}, false
	}
	for _, f := range e.Files {
		info, err := os.Lstat(filepath.Join(output, o.name, f.Name))
		if err != nil || !info.Mode().IsRegular() || info.Size() != f.Size || info.ModTime().UnixNano() != f.Time {
			return entry{}, false
		}
	}
	return e, true
}

// margin is more than the time between two ticks of a file system's clock.
const margin = 20 * time.Millisecond

// isFresh says whether a file changed so late before the last run that another
// change, in the same tick of the clock, could not be told from it.
func (c *cache) isFresh(stamps []int64) bool {
	for i := 1; i < len(stamps); i += 2 {
		if stamps[i] >= c.since.Add(-margin).UnixNano() {
			return true
		}
	}
	return false
}

// outside is like digester.outside, once for each set of overlays side by side.
func (c *cache) outside(dir string, set int, digests *digester) string {
	key := [2]string{filepath.Dir(dir), itoa(int64(set))}
	if digest, ok := c.shared.Load(key); ok {
		return digest.(string)
	}
	digest := digests.outside(dir, c.sets[set])
	c.shared.Store(key, digest)
	return digest
}

// record remembers an overlay's output for the next run.
func (c *cache) record(name string, e entry, inputs []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if inputs != nil {
		e.Inputs, c.last = c.set(inputs), time.Now()
	}
	c.new[name] = e
}

// forget forgets an output that was removed.
func (c *cache) forget(name string) { delete(c.old, name) }

// save saves what is recorded, and what was known of overlays that were not
// part of this run.
func (c *cache) save(present map[string]bool) error {
	if c.seal == nil || c.readOnly {
		return nil
	}
	for name, e := range c.old {
		if !present[name] {
			c.new[name] = e
		}
	}
	// A file's time tells a later change only if the clock has moved on.
	time.Sleep(time.Until(c.last.Add(margin / 2)))
	return c.remember(stateFile, state{c.start, c.sets, c.new})
}

// load returns the templates of a group.
func (c *cache) load(group string) []*cachedTemplate {
	if c.seal == nil || c.readOnly {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(c.dir, templatesDir, group+"-*"))
	if err != nil {
		return nil
	}
	var templates []*cachedTemplate
	for _, name := range names {
		var f cachedTemplate
		if c.read(filepath.Join(templatesDir, filepath.Base(name)), &f) {
			templates = append(templates, &f)
		}
	}
	return templates
}

// mostTemplates is how many templates are kept.
const mostTemplates = 32

// keep saves a template, as long as it can, in the place of the oldest.
func (c *cache) keep(group string, f *cachedTemplate) error {
	if c.seal == nil || c.readOnly {
		return nil
	}
	if err := c.remember(filepath.Join(templatesDir, group+"-"+f.Digest), f); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(c.dir, templatesDir))
	if err != nil {
		return err
	}
	age := func(e fs.DirEntry) int64 {
		info, err := e.Info()
		if err != nil {
			return 0
		}
		return info.ModTime().UnixNano()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return int(min(1, max(-1, age(b)-age(a)))) })
	for _, e := range entries[min(mostTemplates, len(entries)):] {
		err = errors.Join(err, os.Remove(filepath.Join(c.dir, templatesDir, e.Name())))
	}
	return err
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
