//go:build unix

package relay

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test's own program is the child: it holds this package, too.
func TestAChildHandsItsInputOver(t *testing.T) {
	require.NoError(t, Serve(func(input []byte) ([]byte, int) { return append(input, " and done"...), len(input) % 7 }))
	for _, size := range []int{0, 5, 10_000_000} {
		input := bytes.Repeat([]byte("x"), size)
		child := exec.Command(os.Args[0])
		child.Stdin = bytes.NewReader(input)
		output, err := child.Output()
		if code := size % 7; code == 0 {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, "exit status "+string(rune('0'+code)))
		}
		require.True(t, bytes.Equal(append(input, " and done"...), output), "%d bytes", size)
	}
}

// What is no child of this process, or has arguments, runs itself.
func TestOthersAreNotMeant(t *testing.T) {
	require.NoError(t, Serve(func([]byte) ([]byte, int) { return []byte("relayed"), 0 }))
	for _, command := range [][]string{
		{os.Args[0], "argument"},
		{"sh", "-c", `"$0"; exit`, os.Args[0]},
	} {
		child := exec.Command(command[0], command[1:]...)
		child.Env = append(os.Environ(), byItself+"=true")
		output, err := child.Output()
		require.NoError(t, err)
		require.Equal(t, byItself, string(output))
	}
}

// byItself tells this test's program not to test.
const byItself = "BY_ITSELF"

func TestMain(m *testing.M) {
	if os.Getenv(byItself) != "" {
		_, _ = os.Stdout.WriteString(byItself)
		os.Exit(0)
	}
	os.Exit(m.Run())
}
