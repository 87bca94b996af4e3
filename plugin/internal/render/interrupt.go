package render

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
)

// ErrInterrupted is the error of a run that was interrupted.
var ErrInterrupted = errors.New("interrupted")

func (r *run) interrupted() error {
	if r.readOnly() {
		return fmt.Errorf("%w: nothing was written", ErrInterrupted)
	}
	return fmt.Errorf("%w: %d of %s are rendered and stay, and the next run does the rest",
		ErrInterrupted, r.done-len(r.errs), count(r.Summary.Overlays, "overlay"))
}

// isInterruption says whether an overlay failed for no reason of its own: a
// terminal sends its signal to the processes that build, too, and these may end
// before this one hears of it.
func isInterruption(err error) bool {
	exit := (*exec.ExitError)(nil)
	return errors.Is(err, context.Canceled) || errors.As(err, &exit) &&
		slices.Contains([]string{"signal: " + os.Interrupt.String(), "signal: " + syscall.SIGTERM.String(), "signal: " + syscall.SIGHUP.String()}, exit.String())
}
