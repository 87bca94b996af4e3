package regular_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	require.NoError(t, os.WriteFile(file, []byte("four"), 0o600))
	text, err := regular.Read(file, 4)
	require.NoError(t, err)
	require.Equal(t, "four", string(text))

	_, err = regular.Read(file, 3)
	require.EqualError(t, err, file+": has 4 bytes: must have at most 3")
	_, err = regular.Read(dir, 4)
	require.EqualError(t, err, dir+": is no regular file: must be one")
	_, err = regular.Read(filepath.Join(dir, "absent"), 4)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no /dev/zero")
	}
	dir := t.TempDir()
	file, link, device := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "link.yaml"), filepath.Join(dir, "device.yaml")
	require.NoError(t, os.WriteFile(file, []byte("four"), 0o600))
	require.NoError(t, os.Symlink(file, link))
	require.NoError(t, os.Symlink("/dev/zero", device))
	text, err := regular.Read(link, 4)
	require.NoError(t, err)
	require.Equal(t, "four", string(text))
	_, err = regular.Read(device, 4)
	require.EqualError(t, err, device+": is no regular file: must be one")
}
