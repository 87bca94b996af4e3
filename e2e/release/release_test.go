package release_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/e2e/image"
)

const dist = "../../dist"

// platforms are those of a release, or those of Linux alone, which make snapshot makes with
// PLATFORMS=linux.
func platforms() (all []string) {
	systems := []string{"darwin", "linux", "windows"}
	if os.Getenv("PLATFORMS") == "linux" {
		systems = []string{"linux"}
	}
	for _, system := range systems {
		all = append(all, system+"_amd64", system+"_arm64")
	}
	return all
}

// artifact is one of what GoReleaser says that it has made.
type artifact struct {
	Name, Path, Type, Goos, Goarch string
	Extra                          struct{ Checksum string }
}

func (a artifact) platform() string { return a.Goos + "_" + a.Goarch }

func made(t *testing.T) (all []artifact) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dist, "artifacts.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Fatal("there is nothing to try: run make snapshot before")
	}
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

func TestEveryPlatformHasItsFiles(t *testing.T) {
	of := map[string][]string{}
	checksums, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	require.NoError(t, err)
	for _, a := range made(t) {
		if a.Type != "Archive" && a.Type != "SBOM" {
			continue
		}
		text, err := os.ReadFile(filepath.Join("../..", a.Path))
		require.NoError(t, err)
		sum := sha256.Sum256(text)
		require.Contains(t, string(checksums), hex.EncodeToString(sum[:])+"  "+a.Name+"\n")
		t.Logf("%s: %.1f MB", a.Name, float64(len(text))/1e6)
		for _, platform := range platforms() {
			if strings.Contains(a.Name, "_"+platform+".") {
				of[a.Type] = append(of[a.Type], platform)
			}
		}
		if a.Type == "Archive" {
			checkFiles(t, a.Name, text)
		} else {
			checkContents(t, text)
		}
	}
	for _, found := range of {
		slices.Sort(found)
	}
	require.Equal(t, map[string][]string{"Archive": platforms(), "SBOM": platforms()}, of)
}

// checkFiles checks that an archive has the program, and what is beside it.
func checkFiles(t *testing.T, name string, text []byte) {
	var files []string
	program := "istio-tenancy"
	if strings.HasSuffix(name, ".zip") {
		program += ".exe"
		archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
		require.NoError(t, err)
		for _, file := range archive.File {
			files = append(files, file.Name)
		}
	} else {
		require.NoError(t, each(text, func(header *tar.Header, _ io.Reader) error {
			files = append(files, header.Name)
			return nil
		}))
	}
	require.Subset(t, files, []string{
		program, "LICENSE", "README.md", "CHANGELOG.md", "man/istio-tenancy.1", "man/istio-tenancy-render.1",
		"completions/istio-tenancy.bash", "completions/_istio-tenancy", "completions/istio-tenancy.fish", "completions/istio-tenancy.ps1",
	}, name)
}

// checkContents checks that a list of contents has what the program is built on.
func checkContents(t *testing.T, text []byte) {
	var list struct{ Components []struct{ Name string } }
	require.NoError(t, json.Unmarshal(text, &list))
	var names []string
	for _, component := range list.Components {
		names = append(names, component.Name)
	}
	require.Subset(t, names, []string{"istio.io/istio", "sigs.k8s.io/kustomize/api", "helm.sh/helm/v4"})
}

func each(text []byte, use func(*tar.Header, io.Reader) error) error {
	compressed, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return err
	}
	for files := tar.NewReader(compressed); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := use(header, files); err != nil {
			return err
		}
	}
}

// What make demo does, by the archive's program, outside of the repository: its folders
// bases and overlays are there, and nothing else of it.
func TestTheArchivesProgramRendersTheDemo(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"bases", "overlays"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS("../../"+folder)))
	}
	unpack(t, runtime.GOOS+"_"+runtime.GOARCH, filepath.Join(dir, "tools"))
	run := func(command string, args ...string) string {
		t.Helper()
		cmd := exec.Command(filepath.Join(dir, "tools", command), args...)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + filepath.Join(dir, "tools"), "HOME=" + dir}
		var out, problems bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &problems
		require.NoError(t, cmd.Run(), problems.String())
		return out.String()
	}
	kustomize := exec.Command("go", "build", "-o", filepath.Join(dir, "tools/kustomize"), "sigs.k8s.io/kustomize/kustomize/v5")
	kustomize.Dir = "../.."
	out, err := kustomize.CombinedOutput()
	require.NoError(t, err, string(out))

	t.Log(run("istio-tenancy", "version"))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "demo"), 0o755))
	var rendered []string
	for _, from := range []string{"bases/istio/common", "overlays/dev", "overlays/sales"} {
		to := filepath.Join("demo", filepath.Base(from)+".yaml")
		text := run("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", from)
		require.NoError(t, os.WriteFile(filepath.Join(dir, to), []byte(text), 0o644))
		rendered = append(rendered, to)
	}
	summary := run("istio-tenancy", append([]string{"summary"}, rendered...)...)
	require.Contains(t, summary, "sales-admin")
	require.Contains(t, run("istio-tenancy", "check", "overlays"), "no findings")
}

// The image of a release is built by other means, and has the same program.
func TestTheImageHasTheArchivesProgram(t *testing.T) {
	for _, architecture := range []string{"amd64", "arm64"} {
		dir := t.TempDir()
		unpack(t, "linux_"+architecture, filepath.Join(dir, "archive"))
		unpacked, err := image.Unpack(filepath.Join(dist, "image"), v1.Platform{OS: "linux", Architecture: architecture}, filepath.Join(dir, "image"))
		require.NoError(t, err)
		require.Equal(t, [2]int{999, 999}, [2]int{unpacked.User, unpacked.Group})
		want, err := os.ReadFile(filepath.Join(dir, "archive/istio-tenancy"))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, "image/usr/local/bin/istio-tenancy"))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "linux/%s: the same bytes", architecture)
	}
}

// unpack unpacks the program of the archive for a platform.
func unpack(t *testing.T, platform, into string) {
	t.Helper()
	all := made(t)
	i := slices.IndexFunc(all, func(a artifact) bool { return a.Type == "Archive" && a.platform() == platform })
	require.NotEqual(t, -1, i, "an archive for %s", platform)
	text, err := os.ReadFile(filepath.Join("../..", all[i].Path))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(into, 0o755))
	require.NoError(t, each(text, func(header *tar.Header, content io.Reader) error {
		if header.Name != "istio-tenancy" {
			return nil
		}
		if header.Mode != 0o755 {
			return fmt.Errorf("the program has the mode %o", header.Mode)
		}
		file, err := os.OpenFile(filepath.Join(into, header.Name), os.O_CREATE|os.O_WRONLY, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, content)
		return errors.Join(err, file.Close())
	}))
	require.FileExists(t, filepath.Join(into, "istio-tenancy"))
}

// krew and Homebrew get the archives by their checksums.
func TestPackagesNameTheArchives(t *testing.T) {
	cask, err := os.ReadFile(filepath.Join(dist, "homebrew/Casks/istio-tenancy.rb"))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(dist, "krew/tenancy.yaml"))
	require.NoError(t, err)
	var plugin struct {
		Metadata struct{ Name string }
		Spec     struct {
			Platforms []struct {
				URI, Sha256, Bin string
				Selector         struct{ MatchLabels map[string]string }
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &plugin))
	require.Equal(t, "tenancy", plugin.Metadata.Name, "kubectl tenancy")
	sums := map[string]string{}
	for _, platform := range plugin.Spec.Platforms {
		sums[platform.Selector.MatchLabels["os"]+"_"+platform.Selector.MatchLabels["arch"]] = platform.Sha256
	}
	for _, a := range made(t) {
		if a.Type != "Archive" {
			continue
		}
		sum := strings.TrimPrefix(a.Extra.Checksum, "sha256:")
		require.Equal(t, sum, sums[a.platform()], a.Name)
		if a.Goos != "windows" {
			require.Contains(t, string(cask), sum, a.Name)
		}
	}
}
