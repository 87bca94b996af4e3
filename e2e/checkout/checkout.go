// Package checkout is a copy of what the repository ships, to which tests add
// tenants as an administrator does, and which they render as docs/render.md says.
package checkout

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// Checkout is a copy of the shipped bases, overlays and examples.
type Checkout struct {
	// Dir is its folder.
	Dir string
	// Tools is the folder of the kustomize CLI and of istio-tenancy.
	Tools string
}

// New copies from the repository, which is a folder, into another folder.
func New(repository, dir, tools string) (Checkout, error) {
	for _, part := range []string{"bases", "overlays", "examples"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(repository, part))); err != nil {
			return Checkout{}, fmt.Errorf("copy %s: %w", part, err)
		}
	}
	return Checkout{dir, tools}, nil
}

// CopyTenant copies overlays/FROM to overlays/TO and replaces words in its
// tenant.yaml, old and new in turns: all that an administrator does.
func (c Checkout) CopyTenant(from, to string, words ...string) error {
	into := filepath.Join(c.Dir, "overlays", to)
	if err := os.CopyFS(into, os.DirFS(filepath.Join(c.Dir, "overlays", from))); err != nil {
		return err
	}
	return c.Edit(to, words...)
}

// Edit replaces words in the tenant.yaml of an overlay.
func (c Checkout) Edit(overlay string, words ...string) error {
	return c.edit(overlay, "tenant.yaml", words...)
}

// EditKustomization replaces words in the kustomization.yaml of an overlay.
func (c Checkout) EditKustomization(overlay string, words ...string) error {
	return c.edit(overlay, "kustomization.yaml", words...)
}

// List adds to the resources that the kustomization.yaml of an overlay lists.
func (c Checkout) List(overlay, resource string) error {
	return c.edit(overlay, "kustomization.yaml", "resources:\n", "resources:\n- "+resource+"\n")
}

func (c Checkout) edit(overlay, name string, words ...string) error {
	file := filepath.Join(c.Dir, "overlays", overlay, name)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(strings.NewReplacer(words...).Replace(string(text))), 0o644)
}

// Add appends to the kustomization.yaml of an overlay.
func (c Checkout) Add(overlay, text string) error {
	file, err := os.OpenFile(filepath.Join(c.Dir, "overlays", overlay, "kustomization.yaml"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// Build is what the kustomize CLI prints for a folder.
func (c Checkout) Build(folder string, flags ...string) ([]byte, error) {
	cmd := exec.Command(filepath.Join(c.Tools, "kustomize"), append([]string{"build", folder}, flags...)...)
	cmd.Dir = c.Dir
	cmd.Env = []string{"PATH=" + c.Tools + ":/usr/bin:/bin", "HOME=" + c.Dir}
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w\n%s", folder, err, problems.String())
	}
	return out.Bytes(), nil
}

// Render is Build as docs/render.md says, parsed.
func (c Checkout) Render(folder string) ([]*cluster.Object, error) {
	text, err := c.Build(folder, "--enable-alpha-plugins", "--enable-exec")
	if err != nil {
		return nil, err
	}
	return cluster.Parse(text)
}
