package identity_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/identity"
)

const host = "127.0.0.1"

func load(t *testing.T, dir, host string, now time.Time) *identity.Identity {
	t.Helper()
	id, err := identity.Load(dir, host, now)
	require.NoError(t, err)
	return id
}

// A server that starts again is the same to its clients.
func TestKept(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	first := load(t, dir, host, now)
	require.EqualValues(t, 0, first.Before)
	for before := range uint64(3) {
		again := load(t, dir, host, now.AddDate(5, 0, 0))
		require.NoError(t, again.Lost)
		require.Equal(t, string(first.Authority), string(again.Authority))
		require.Equal(t, before+1, again.Before)
	}
	info, err := os.Stat(filepath.Join(dir, "identity.pem"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
}

// What cannot be used is made anew, and it is said why.
func TestLost(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		host  string
		now   time.Time
		why   string
	}{
		"cut":          {func(t *testing.T, dir string) { cut(t, filepath.Join(dir, "identity.pem")) }, host, now, "identity.pem: "},
		"no starts":    {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "starts"))) }, host, now, "starts: "},
		"empty starts": {func(t *testing.T, dir string) { require.NoError(t, os.Truncate(filepath.Join(dir, "starts"), 0)) }, host, now, "starts: "},
		"another":      {func(*testing.T, string) {}, "10.0.0.1", now, "10.0.0.1"},
		"near to end":  {func(*testing.T, string) {}, host, now.AddDate(9, 6, 0), "is valid until "},
		"not yet":      {func(*testing.T, string) {}, host, now.AddDate(0, 0, -3), "is valid from "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			first := load(t, dir, host, now)
			c.spoil(t, dir)
			again := load(t, dir, c.host, c.now)
			require.ErrorContains(t, again.Lost, c.why)
			require.NotEqual(t, string(first.Authority), string(again.Authority))
			require.EqualValues(t, 0, again.Before)
			require.NoError(t, load(t, dir, c.host, c.now).Lost)
		})
	}
}

func cut(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text[:len(text)/2], 0o600))
}

func TestNoDirectory(t *testing.T) {
	_, err := identity.Load(filepath.Join(t.TempDir(), "none"), host, time.Now())
	require.ErrorIs(t, err, fs.ErrNotExist)
}
