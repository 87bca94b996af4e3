package module_test

import (
	"archive/zip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/module"
)

const (
	older = "v0.0.0-20250101000000-aaaaaaaaaaaa"
	newer = "v0.0.0-20260101000000-bbbbbbbbbbbb"
)

// proxy lets go ask a module proxy that knows two versions of Istio: older, by
// its number 1.30.0 too, and newer, by none, which lacks what older has. Its
// newest is newer. Of the API module it knows releases.
func proxy(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		at := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
		require.NoError(t, os.WriteFile(at, []byte(text), 0o600))
	}
	info := func(version, year string) string {
		return `{"Version":"` + version + `","Time":"` + year + `-01-01T00:00:00Z"}`
	}
	publish := func(path, version, year string, content map[string]string) {
		at := path + "/@v/" + version
		write(at+".info", info(version, year))
		write(at+".mod", "module "+path+"\n")
		file, err := os.Create(filepath.Join(dir, at+".zip"))
		require.NoError(t, err)
		archive := zip.NewWriter(file)
		content["go.mod"] = "module " + path + "\n"
		for name, text := range content {
			w, err := archive.Create(path + "@" + version + "/" + name)
			require.NoError(t, err)
			_, err = w.Write([]byte(text))
			require.NoError(t, err)
		}
		require.NoError(t, archive.Close())
		require.NoError(t, file.Close())
	}
	publish(module.Path, older, "2025", map[string]string{"VERSION": "1.30\n", "manifests/manifest.go": "package manifests\n\nconst FS = 1\n"})
	publish(module.Path, newer, "2026", map[string]string{"VERSION": "1.31\n", "manifests/manifest.go": "package manifests\n\nconst Other = 1\n"})
	write(module.Path+"/@v/list", "")
	write(module.Path+"/@v/1.30.0.info", info(older, "2025"))
	write(module.Path+"/@latest", info(newer, "2026"))
	for _, version := range []string{"v1.30.0", "v1.31.1", "v1.31.2"} {
		publish(module.APIPath, version, "2026", map[string]string{"mesh/mesh.go": "package mesh\n"})
	}
	write(module.APIPath+"/@v/list", "v1.30.0\nv1.31.1\nv1.31.2\n")
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(dir))
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOMODCACHE", t.TempDir())
}

func TestFind(t *testing.T) {
	proxy(t)
	for _, test := range []struct{ query, want, note string }{
		{query: older, want: older},
		{query: "1.30.0", want: older},
		{query: "v1.30.0", want: older},
		{query: "latest", want: newer},
		{query: "1.31.0", want: newer, note: "the proxy does not know 1.31.0. Its newest version, " + newer + ", has the same minor version, and is used instead"},
	} {
		t.Run(test.query, func(t *testing.T) {
			found, err := module.Find(t.Context(), test.query)
			require.NoError(t, err)
			require.Equal(t, test.want, found.Version)
			require.Equal(t, test.note, found.Note)
			require.FileExists(t, filepath.Join(found.Dir, "VERSION"))
		})
	}
	for query, want := range map[string]string{
		"1.32.0":                             `istio.io/istio@1.32.0: invalid version: `,
		"master":                             `istio.io/istio@master: invalid version: `,
		"v0.0.0-20200101000000-cccccccccccc": "cccccccccccc",
	} {
		_, err := module.Find(t.Context(), query)
		require.ErrorContains(t, err, want)
	}
	_, err := module.Find(t.Context(), "1.32.0")
	require.ErrorContains(t, err, `The newest version that the proxy knows, `+newer+`, is of Istio "1.31". Name another version as v0.0.0-TIME-COMMIT`)
}

// checkout is a module that names older and builds with it.
func checkout(t *testing.T) (dir string) {
	t.Helper()
	proxy(t)
	dir = t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.com/x\n\ngo 1.26\n\nrequire istio.io/istio " + older + "\nrequire istio.io/api v1.30.0\n",
		"go.sum":  "",
		"main.go": "package main\n\nimport (\n_ \"istio.io/api/mesh\"\n_ \"istio.io/istio/manifests\"\n)\n\nfunc main() {}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	require.NoError(t, module.Move(t.Context(), dir, module.Version{Version: older}))
	return dir
}

func read(t *testing.T, dir string) string {
	t.Helper()
	var all string
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		all += string(text)
	}
	return all
}

func TestMove(t *testing.T) {
	dir := checkout(t)
	found, err := module.Find(t.Context(), newer)
	require.NoError(t, err)
	require.NoError(t, module.Move(t.Context(), dir, found))
	require.Contains(t, read(t, dir), newer)
	require.NotContains(t, read(t, dir), older)
	require.Contains(t, read(t, dir), module.APIPath+" v1.31.2\n", "of the same minor version")
	current, err := module.Current(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, newer, current.Version)
	require.FileExists(t, filepath.Join(current.Dir, "VERSION"))
}

// Whatever fails, go.mod and go.sum are as they were.
func TestMoveThatFails(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, test := range []struct {
		name, to, want string
		ctx            context.Context
		code           string
	}{
		{name: "no such version", to: "v0.0.0-20200101000000-cccccccccccc", want: "go get istio.io/istio@v0.0.0-20200101000000-cccccccccccc", ctx: t.Context()},
		{name: "it does not build", to: newer, want: "go build ./...", ctx: t.Context(), code: "package main\n\nimport \"istio.io/istio/manifests\"\n\nfunc main() { println(manifests.FS) }\n"},
		{name: "interrupted", to: newer, want: "context canceled", ctx: stopped},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := checkout(t)
			before := read(t, dir)
			if test.code != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(test.code), 0o600))
			}
			err := module.Move(test.ctx, dir, module.Version{Version: test.to})
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "go.mod and go.sum are unchanged")
			require.Equal(t, before, read(t, dir))
		})
	}
}
