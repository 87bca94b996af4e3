package e2e

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

// checkout is a copy of the shipped bases, overlays and examples, to which a test adds
// tenants as an administrator would.
type checkout struct{ dir string }

func newCheckout(dir string) (checkout, error) {
	for _, part := range []string{"bases", "overlays", "examples"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("..", part))); err != nil {
			return checkout{}, fmt.Errorf("copy %s: %w", part, err)
		}
	}
	return checkout{dir}, nil
}

// copyTenant copies overlays/FROM to overlays/TO and replaces words in its
// tenant.yaml, old and new in turns: all that an administrator does.
func (c checkout) copyTenant(from, to string, words ...string) error {
	into := filepath.Join(c.dir, "overlays", to)
	if err := os.CopyFS(into, os.DirFS(filepath.Join(c.dir, "overlays", from))); err != nil {
		return err
	}
	return c.edit(to, words...)
}

// edit replaces words in the tenant.yaml of an overlay.
func (c checkout) edit(overlay string, words ...string) error {
	file := filepath.Join(c.dir, "overlays", overlay, "tenant.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(strings.NewReplacer(words...).Replace(string(text))), 0o644)
}

// add appends to the kustomization.yaml of an overlay.
func (c checkout) add(overlay, text string) error {
	file, err := os.OpenFile(filepath.Join(c.dir, "overlays", overlay, "kustomization.yaml"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// build is what the kustomize CLI prints for a folder.
func (c checkout) build(folder string, flags ...string) ([]byte, error) {
	path, err := filepath.Abs(tools)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(path, "kustomize"), append([]string{"build", folder}, flags...)...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + path + ":/usr/bin:/bin", "HOME=" + c.dir}
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w\n%s", folder, err, problems.String())
	}
	return out.Bytes(), nil
}

// render is build as the README says, parsed.
func (c checkout) render(folder string) ([]*cluster.Object, error) {
	text, err := c.build(folder, "--enable-alpha-plugins", "--enable-exec")
	if err != nil {
		return nil, err
	}
	return cluster.Parse(text)
}
