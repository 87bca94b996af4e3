package build

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A repository that kustomize fetches lies, while the build runs, in a directory
// whose name says nothing, and git notes there where it is from.
// Source: sigs.k8s.io/kustomize/kyaml/filesys, NewTmpConfirmedDir.
const fetchedPrefix = "kustomize-"

var origin = regexp.MustCompile(`(?m)^\s*url = (.*)$`)

// fetched remembers where a file is from, if kustomize has fetched it.
func (r *recorder) fetched(path string) {
	dir := cloneAround(path)
	if dir == "" || r.origins[dir] != "" {
		return
	}
	config, err := os.ReadFile(filepath.Join(dir, ".git", "config"))
	if err != nil {
		return
	}
	if found := origin.FindSubmatch(config); found != nil {
		r.origins[dir] = withoutPassword(strings.TrimSpace(string(found[1])))
	}
}

// cloneAround is the directory of a repository that kustomize has fetched, or "".
func cloneAround(path string) string {
	temp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		return ""
	}
	name, inTemp := strings.CutPrefix(path, temp+string(filepath.Separator))
	name, _, below := strings.Cut(name, string(filepath.Separator))
	if !inTemp || !below || !strings.HasPrefix(name, fetchedPrefix) {
		return ""
	}
	return filepath.Join(temp, name)
}

func withoutPassword(origin string) string {
	if u, err := url.Parse(origin); err == nil && u.User != nil {
		return u.Redacted()
	}
	return origin
}

// name is what messages call a file: its path relative to root, or, where
// kustomize has fetched it, the repository and the path in that.
func (r *recorder) name(root, file string) string {
	if from := r.origins[cloneAround(file)]; from != "" {
		return from + "//" + strings.TrimPrefix(file, cloneAround(file)+string(filepath.Separator))
	}
	if relative, err := filepath.Rel(root, file); err == nil {
		return relative
	}
	return file
}

// named puts, in what kustomize says, the names of repositories in place of the
// directories that they were fetched to.
func (r *recorder) named(text string) string {
	for dir, from := range r.origins {
		text = strings.ReplaceAll(text, dir+string(filepath.Separator), from+"//")
		text = strings.ReplaceAll(text, dir, from)
	}
	return text
}
