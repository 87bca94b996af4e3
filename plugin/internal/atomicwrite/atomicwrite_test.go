package atomicwrite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
)

func TestFile(t *testing.T) {
	dir, temp := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "a")
	for _, in := range []string{"", temp} {
		require.NoError(t, atomicwrite.File(path, in, 0o751, strings.NewReader("new"+in)))
		require.Equal(t, "new"+in, read(t, path))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o751), info.Mode())
	}
	broken := errors.New("broken")
	require.ErrorIs(t, atomicwrite.File(path, "", 0o600, iotest.ErrReader(broken)), broken)
	require.Equal(t, "new"+temp, read(t, path), "the old file stays")
	none := filepath.Join(dir, "none", "a")
	require.EqualError(t, atomicwrite.File(none, temp, 0o600, strings.NewReader("")), none+": no such file or directory")
	require.EqualError(t, atomicwrite.File(path, filepath.Join(dir, "none"), 0o600, strings.NewReader("")), path+": no such file or directory")
	require.Equal(t, []string{"a"}, names(t, dir), "nothing is left")
	require.Empty(t, names(t, temp))
}

func TestDir(t *testing.T) {
	parent, temp := filepath.Join(t.TempDir(), "deep"), t.TempDir()
	path := filepath.Join(parent, "a")
	files := map[string][]byte{"x": []byte("1"), "b/y": []byte("2")}
	require.NoError(t, atomicwrite.Dir(path, "", files))
	require.Equal(t, "1", read(t, filepath.Join(path, "x")))
	require.Equal(t, "2", read(t, filepath.Join(path, "b/y")))

	require.ErrorIs(t, atomicwrite.Dir(path, "", map[string][]byte{"z": nil}), fs.ErrExist)
	require.Equal(t, []string{"b", "x"}, names(t, path), "what is there stays")
	require.ErrorIs(t, atomicwrite.Dir(filepath.Join(path, "x"), "", files), fs.ErrExist)
	require.EqualError(t, atomicwrite.Dir(filepath.Join(parent, "c"), "", map[string][]byte{"x": nil, "x/y": nil}),
		filepath.Join(parent, "c/x/y")+": not a directory")
	require.Equal(t, []string{"a"}, names(t, parent), "nothing is left")

	require.NoError(t, os.Mkdir(filepath.Join(parent, "empty"), 0o700))
	require.NoError(t, atomicwrite.Dir(filepath.Join(parent, "empty"), temp, files))
	require.Equal(t, []string{"b", "x"}, names(t, filepath.Join(parent, "empty")))
	require.Empty(t, names(t, temp))
}

func TestFill(t *testing.T) {
	path := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(path, ".git"), 0o700))
	files := map[string][]byte{"x": []byte("1"), "b/y": []byte("2"), ".z": nil}
	require.NoError(t, atomicwrite.Fill(path, files))
	require.Equal(t, []string{".git", ".z", "b", "x"}, names(t, path))
	require.Equal(t, "2", read(t, filepath.Join(path, "b/y")))

	err := atomicwrite.Fill(path, map[string][]byte{"a": nil, "a2/b": nil, "b/other": nil, "c": nil})
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, filepath.Join(path, "b")+": ")
	require.Equal(t, []string{".git", ".z", "b", "x"}, names(t, path), "what is there stays, and nothing is left")
	require.Equal(t, []string{"y"}, names(t, filepath.Join(path, "b")))
	require.ErrorIs(t, atomicwrite.Fill(filepath.Join(path, "none"), files), fs.ErrNotExist)
}

func read(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func names(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
