package gitops

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
)

// Options of a world.
type Options struct {
	// Programs are those of the servers, and those that Main builds.
	Programs servers.Binaries
	// Images are those of the tool; those of Istio and Bookinfo are there.
	Images []node.Image
	// Users are the cluster's, beside the administrators of the shipped tenants.
	Users []string
}

// World is a node with repositories, on which no tool has done anything.
type World struct {
	Node *node.Node
	// Platform is the cluster administrator's repository.
	Platform Repository
	// Applications are those of the tenants, by their names, as examples/ name them.
	Applications map[string]Repository

	source checkout.Checkout
	asked  asked
	stop   func()
}

// tenants are the shipped ones.
var tenants = []string{"dev", "sales"}

// Start makes the repositories, serves them, and starts the node. On an error, nothing
// keeps running.
func Start(o Options) (_ *World, err error) {
	w := &World{Applications: map[string]Repository{}, asked: asked{files: map[string]int{}}, stop: func() {}}
	defer func() {
		if err != nil {
			w.Stop()
		}
	}()
	folder, err := filepath.Abs(filepath.Join(logs, "git"))
	if err != nil {
		return nil, err
	}
	tools, err := filepath.Abs(tools)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(folder, "files", "platform")
	if w.source, err = checkout.New(repository, dir, tools); err != nil {
		return nil, err
	}
	if err := readdress(filepath.Join(dir, "examples")); err != nil {
		return nil, err
	}
	if err := w.Render(); err != nil {
		return nil, err
	}
	if w.Platform, err = newRepository(folder, "platform", dir); err != nil {
		return nil, err
	}
	var users []string
	for _, name := range tenants {
		users = append(users, name+"-admin")
		if w.Applications[name], err = newRepository(folder, name+"/applications", filepath.Join(folder, "files", name)); err != nil {
			return nil, err
		}
	}
	images := []node.Image{
		{Name: "docker.io/istio/pilot:1.31.0", Program: o.Programs["pilot-discovery"], User: "1337"},
		{Name: "docker.io/istio/proxyv2:1.31.0", Program: o.Programs["proxy"], User: "1337"},
	}
	for _, service := range []string{"productpage", "details", "reviews", "ratings"} {
		images = append(images, node.Image{Name: "docker.io/istio/examples-bookinfo-" + service + "-v1:1.20.3", Program: o.Programs["pause"], User: "1000"})
	}
	w.Node, err = node.Start(o.Programs, node.Options{Logs: logs, Users: append(users, o.Users...), Images: append(images, o.Images...)})
	if err != nil {
		return nil, err
	}
	if w.stop, err = serve(folder, &w.asked); err != nil {
		return nil, err
	}
	return w, nil
}

// Stop ends the node, and what serves the repositories.
func (w *World) Stop() {
	w.stop()
	if w.Node != nil {
		w.Node.Stop()
	}
}

// readdress puts URL in the place of example.com, in all files below a folder.
func readdress(folder string) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, bytes.ReplaceAll(text, []byte("https://example.com/"), []byte(URL)), 0o644)
	})
}

// Render renders all overlays of the platform into rendered/, as docs/render.md says, and
// commits nothing.
func (w *World) Render() error {
	cmd := exec.Command(filepath.Join(w.source.Tools, "istio-tenancy"), "render", "bases/istio/common", "overlays", "--output", "rendered", "--prune", "--quiet")
	cmd.Dir = w.source.Dir
	cmd.Env = []string{"PATH=" + w.source.Tools + ":/usr/bin:/bin", "HOME=" + w.source.Dir}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[1:], " "), err, out)
	}
	return nil
}

// Build is what the kustomize CLI prints for a folder of the platform's, without any
// function.
func (w *World) Build(folder string) ([]byte, error) { return w.source.Build(folder) }

// Source is the platform's folder as package checkout knows it.
func (w *World) Source() checkout.Checkout { return w.source }

// Asked is how often somebody has asked for a file below Asked.
func (w *World) Asked(name string) int {
	w.asked.Lock()
	defer w.asked.Unlock()
	return w.asked.files[name]
}
