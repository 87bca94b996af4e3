package gitops

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/e2e/node"
)

// URL is where the repositories are, for the node and for its Pods. It stands for
// https://example.com/ of the examples.
const URL = "http://" + node.Address + ":3000/"

// Asked is where it is noted what is asked for: each file that is asked for below it is
// a ConfigMap of the file's name.
const Asked = URL + "asked/"

// asked are the files that somebody has asked for.
type asked struct {
	sync.Mutex
	files map[string]int
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	a.Lock()
	a.files[name]++
	a.Unlock()
	fmt.Fprintf(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n", name)
}

// serve serves the repositories below a folder over http, and what is Asked for. It
// returns what ends it.
func serve(folder string, notes *asked) (stop func(), err error) {
	programs, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("git --exec-path: %w", err)
	}
	listener, err := net.Listen("tcp", strings.TrimSuffix(strings.TrimPrefix(URL, "http://"), "/"))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/asked/", notes)
	mux.Handle("/", &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(programs)), "git-http-backend"),
		Dir:  folder,
		Env:  []string{"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + folder},
	})
	go http.Serve(listener, mux)
	return func() { listener.Close() }, nil
}

// Repository is one with a branch main. Its files are in a folder, where a test changes
// them as it likes before it commits.
type Repository struct {
	// Name is its path at URL, without .git.
	Name string
	// Dir holds the files.
	Dir string

	root string // from which serve serves
}

// newRepository makes a folder into a repository, which serve serves from root.
func newRepository(root, name, dir string) (Repository, error) {
	r := Repository{name, dir, root}
	err := errors.Join(os.MkdirAll(dir, 0o755), r.serveAs(name))
	if err == nil {
		_, err = r.Git("init", "--quiet", "--initial-branch", "main")
	}
	if err == nil {
		_, err = r.Commit("Begin", nil)
	}
	return r, err
}

// serveAs serves a repository under another name, too.
func (r Repository) serveAs(name string) error {
	link := filepath.Join(r.root, name+".git")
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	return os.Symlink(filepath.Join(r.Dir, ".git"), link)
}

// Git runs git in the repository and returns what it printed.
func (r Repository) Git(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.Dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.Dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=e2e", "GIT_AUTHOR_EMAIL=e2e@example.com", "GIT_COMMITTER_NAME=e2e", "GIT_COMMITTER_EMAIL=e2e@example.com"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// Commit writes files, by their paths, and commits them with everything else that
// has changed. It returns the commit. A file without any text is removed.
func (r Repository) Commit(subject string, files map[string]string) (string, error) {
	for name, text := range files {
		file := filepath.Join(r.Dir, name)
		if text == "" {
			if err := os.Remove(file); err != nil {
				return "", err
			}
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			return "", err
		}
	}
	if _, err := r.Git("add", "--all", "--force"); err != nil {
		return "", err
	}
	if _, err := r.Git("commit", "--quiet", "--allow-empty", "--message", subject); err != nil {
		return "", err
	}
	return r.Git("rev-parse", "HEAD")
}

// Read reads a file.
func (r Repository) Read(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(r.Dir, name))
	return string(text), err
}

// Edit replaces words in a file, old and new in turns, and does not commit. Each must
// be there.
func (r Repository) Edit(name string, words ...string) error {
	text, err := r.Read(name)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(words); i += 2 {
		if !strings.Contains(text, words[i]) {
			return fmt.Errorf("%s: has no %q", name, words[i])
		}
	}
	return os.WriteFile(filepath.Join(r.Dir, name), []byte(strings.NewReplacer(words...).Replace(text)), 0o644)
}
