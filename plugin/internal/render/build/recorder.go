package build

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// Input is a file that a build read, or looked for.
type Input struct {
	// Path is relative to the overlay's directory.
	Path string
	// Digest is of the content; Absent, where there is no such file.
	Digest string
}

// Absent is the digest of a file that does not exist.
const Absent = "-"

// Digest returns the digest of a file's content.
func Digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}

// recorder is a file system that remembers what was read. It does not hand out a
// kustomization that has more than is allowed, or that names what is not there.
type recorder struct {
	filesys.FileSystem
	allowed  allow.List
	replace  map[string][]byte   // by absolute path
	read     map[string][]byte   // by absolute path; nil: could not be read
	linked   map[string][]string // the directories of kustomizations that are links, by the file
	origins  map[string]string   // of repositories that kustomize fetched, by their directory
	refused  []refusal
	within   string // the directory that all kustomizations are to be in; "": any
	foreign  bool   // something was allowed by name
	searched bool
}

// refusal is what a kustomization has that is not allowed, or not there.
type refusal struct{ file, problem string }

func newRecorder(on filesys.FileSystem, allowed allow.List) *recorder {
	return &recorder{
		FileSystem: on, allowed: allowed,
		replace: map[string][]byte{}, read: map[string][]byte{}, linked: map[string][]string{}, origins: map[string]string{},
	}
}

// ReadFile is how kustomize reads everything that is no directory.
func (r *recorder) ReadFile(path string) ([]byte, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	text, err := unrecorded{r}.ReadFile(abs)
	if err != nil {
		r.read[abs] = nil
		return nil, err
	}
	r.fetched(abs)
	if err := r.refuse(abs, text); err != nil {
		return nil, err
	}
	r.read[abs] = append([]byte{}, text...)
	return text, nil
}

// errRefused is what kustomize gets in place of a kustomization; [recorder.failure]
// has the reasons.
var errRefused = errors.New("is refused")

// refuse refuses a file with aliases that would fill the memory, and a kustomization that
// has what is not allowed, or names what is not there, before kustomize sees any of it.
func (r *recorder) refuse(file string, text []byte) error {
	if err := strictyaml.Bounded(text); err != nil {
		r.refused = append(r.refused, refusal{file, "line " + err.Error() + ": write the values themselves"})
		return errRefused
	}
	dirs := r.linked[file]
	if isKustomization(file) {
		dirs = append(slices.Clone(dirs), filepath.Dir(file))
	}
	for _, dir := range dirs {
		if problem := r.outside(filepath.Dir(file)); problem != "" {
			r.refused = append(r.refused, refusal{file, problem})
			return errRefused
		}
		problems := r.allowed.Kustomization(unrecorded{r}, dir, text)
		r.foreign = r.foreign || r.allowed.Programs() && len(allow.List{}.Kustomization(unrecorded{r}, dir, text)) > 0
		for _, problem := range problems {
			r.refused = append(r.refused, refusal{file, problem})
		}
		if problems != nil {
			return errRefused
		}
	}
	if len(dirs) == 0 {
		return nil
	}
	problems := r.missing(dirs, text)
	for _, problem := range problems {
		r.refused = append(r.refused, refusal{file, problem})
	}
	if problems != nil {
		return errRefused
	}
	return nil
}

// outside says what is wrong with a directory, without links, that is not among
// those that a build may read; "": nothing.
func (r *recorder) outside(dir string) string {
	if r.within == "" || isWithin(r.within, dir) || len(r.allowed.Remote) > 0 && isClone(dir) {
		return ""
	}
	for _, allowed := range r.allowed.Outside {
		if abs, err := filepath.Abs(allowed); err == nil && isWithin(resolved(abs, ""), dir) {
			r.foreign = true // what is allowed once is not allowed for ever
			return ""
		}
	}
	return fmt.Sprintf("is outside of %s, and nothing is read there that is not allowed: keep a copy in it, or allow it with --allow-outside %s", r.within, dir)
}

// isClone says whether a directory is in one that kustomize makes for a repository
// of another host.
func isClone(dir string) bool {
	relative, err := filepath.Rel(resolved(os.TempDir(), ""), dir)
	return err == nil && strings.HasPrefix(relative, "kustomize-")
}

func isWithin(dir, path string) bool {
	relative, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(relative)
}

func isKustomization(path string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path))
}

// unrecorded is the file system of a recorder, for what it reads itself.
type unrecorded struct{ *recorder }

func (u unrecorded) ReadFile(path string) ([]byte, error) {
	if text, ok := u.replace[path]; ok {
		return text, nil
	}
	// What a link to a device or a pipe gives has no end.
	if info, err := os.Stat(path); err == nil && !info.IsDir() && (!info.Mode().IsRegular() || info.Size() > regular.LargestFile) {
		return nil, fmt.Errorf("%s: must be a regular file of at most %d bytes", path, int64(regular.LargestFile))
	}
	return u.FileSystem.ReadFile(path)
}

func (u unrecorded) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	return u.FileSystem.CleanedAbs(path)
}

// CleanedAbs is what kustomize asks for before it reads: it does not read what
// is not there.
func (r *recorder) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	dir, name, err := r.FileSystem.CleanedAbs(path)
	if abs, e := filepath.Abs(path); err != nil && e == nil {
		if _, known := r.read[abs]; !known {
			r.read[abs] = nil
		}
	} else if file := dir.Join(name); e == nil && isKustomization(abs) && file != abs {
		r.linked[file] = append(r.linked[file], filepath.Dir(abs))
	}
	return dir, name, err
}

// Glob and Walk depend on more than the content of files.
func (r *recorder) Glob(pattern string) ([]string, error) {
	r.searched = true
	return r.FileSystem.Glob(pattern)
}

// Walk is like Glob.
func (r *recorder) Walk(path string, do filepath.WalkFunc) error {
	r.searched = true
	return r.FileSystem.Walk(path, do)
}

func (r *recorder) inputs(root string) []Input {
	var inputs []Input
	for path, text := range r.read {
		relative, err := filepath.Rel(root, path)
		if err != nil {
			relative = path
		}
		digest := Absent
		if text != nil {
			digest = Digest(text)
		}
		inputs = append(inputs, Input{relative, digest})
	}
	slices.SortFunc(inputs, func(a, b Input) int { return cmp.Compare(a.Path, b.Path) })
	return inputs
}
