package build

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Input is a file that a build read, or looked for.
type Input struct {
	// Path is relative to the overlay's directory.
	Path string
	// Digest is of the content; Absent, where there is no such file.
	Digest string
}

// Absent is the digest of a file that is not there.
const Absent = "-"

// Digest returns the digest of a file's content.
func Digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}

// recorder is a file system that remembers what was read.
type recorder struct {
	filesys.FileSystem
	replace  map[string][]byte // by absolute path
	read     map[string][]byte // by absolute path; nil: could not be read
	searched bool
}

func newRecorder(on filesys.FileSystem) *recorder {
	return &recorder{FileSystem: on, replace: map[string][]byte{}, read: map[string][]byte{}}
}

// ReadFile is how kustomize reads everything that is no directory.
func (r *recorder) ReadFile(path string) ([]byte, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if text, ok := r.replace[abs]; ok {
		r.read[abs] = text
		return text, nil
	}
	text, err := r.FileSystem.ReadFile(path)
	if err != nil {
		r.read[abs] = nil
		return nil, err
	}
	r.read[abs] = append([]byte{}, text...)
	return text, nil
}

// CleanedAbs is what kustomize asks for before it reads: it does not read what
// is not there.
func (r *recorder) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	dir, name, err := r.FileSystem.CleanedAbs(path)
	if abs, e := filepath.Abs(path); err != nil && e == nil {
		if _, known := r.read[abs]; !known {
			r.read[abs] = nil
		}
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
