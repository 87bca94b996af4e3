package page_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser is a page that is open in Chromium.
type browser struct {
	*testing.T
	ctx context.Context

	mu     sync.Mutex
	faults []string
}

// program builds the program once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "access")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "istio-tenancy")
	build := exec.Command("go", "build", "-o", path, "./plugin/cmd/istio-tenancy")
	build.Dir, build.Stderr = "../..", os.Stderr
	return path, build.Run()
})

// TestMain installs Chromium where it is missing, and removes the program.
func TestMain(m *testing.M) {
	if _, err := exec.LookPath("chromium"); err != nil {
		for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", "chromium"}} {
			cmd := exec.Command("apt-get", args...)
			cmd.Env = append(cmd.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if out, err := cmd.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "the tests need Debian's package chromium: apt-get %s: %v\n%s", strings.Join(args, " "), err, out)
				os.Exit(1)
			}
		}
	}
	code := m.Run()
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// write returns the file of the page about paths.
func write(t *testing.T, paths ...string) string {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	access := exec.Command(path, append([]string{"access", "-o", "html"}, paths...)...)
	access.Stderr = os.Stderr
	page, err := access.Output()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "access.html")
	require.NoError(t, os.WriteFile(file, page, 0o600))
	return file
}

// open opens a file in a window of a width, in a colour scheme. What the console says,
// and whatever is fetched beside the file, is a fault.
func open(t *testing.T, file string, width int64, scheme string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox) // root has none
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	b := &browser{T: t}
	fault := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fmt.Sprintf(format, args...))
	}
	b.ctx, stop = chromedp.NewContext(allocator, chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			fault("exception: %v", e.ExceptionDetails)
		case *runtime.EventConsoleAPICalled:
			fault("console: %v", e.Args)
		case *log.EventEntryAdded:
			fault("log: %s", e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if e.Request.URL != "file://"+file && !strings.HasPrefix(e.Request.URL, "data:") {
				fault("fetches %s", e.Request.URL)
			}
		}
	}))
	t.Cleanup(stop)
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(t, err)
	b.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate("file://"+file))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.faults)
	})
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	require.NoError(b, chromedp.Do(b.ctx, steps...))
}

// keys presses keys, one after the other.
func (b *browser) keys(keys ...string) {
	b.Helper()
	for _, key := range keys {
		b.do(chromedp.KeyEvent(key))
	}
}

// press presses a key that a page may take for itself, as a keyboard does: its letter
// comes with it, and not after it.
func (b *browser) press(key, letter string, code int64) {
	b.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		params := input.DispatchKeyEventParams{Type: kind, Key: key, WindowsVirtualKeyCode: code}
		if kind == input.DispatchKeyEventTypeKeyDown {
			params.Text = letter
		}
		_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, params)
		require.NoError(b, err)
	}
}

// eval returns what an expression of JavaScript is.
func eval[T any](b *browser, expression string) T {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b, err)
	return value
}

// shot keeps a picture where somebody wants to look at it.
func (b *browser) shot(name string) {
	if dir := os.Getenv("SHOTS"); dir != "" {
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		require.NoError(b, err)
		require.NoError(b, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600))
	}
}
