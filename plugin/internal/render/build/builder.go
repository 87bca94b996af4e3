package build

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

// Command is the hidden command of the program by which a [Builder] starts
// [Serve] in a process of its own.
const Command = "build-overlay"

// Program is the name of the function in kustomizations.
const Program = allow.Program

// Request asks for one overlay.
type Request struct {
	// Dir is the overlay's directory.
	Dir string
	// Within is the directory, without links, that must contain all kustomizations;
	// "": they may be anywhere.
	Within string
	// Replace is what to read in place of files, by path relative to Dir.
	Replace map[string][]byte
	// Allow is what the build may run and fetch; a Builder sets its own.
	Allow allow.List
}

// Result is an overlay, built.
type Result struct {
	// YAML is, to the byte, what this prints, if all of it is allowed:
	// kustomize build --enable-alpha-plugins --enable-exec Dir
	YAML []byte
	// Stderr is what kustomize and its functions printed beside it.
	Stderr string
	// Inputs are the files that were read and looked for, in order of their paths.
	Inputs []Input
	// Opaque names, in a few words, what else YAML may depend on, such as another
	// program; empty: YAML depends only on Inputs and this program.
	Opaque string
	// Refused is what the overlay has that is not allowed, a line each, as Serve
	// passes it to Build.
	Refused []string
	// Failure is kustomize's error, as Serve passes it to Build.
	Failure string
}

// Builder starts builds. It is safe across goroutines.
type Builder struct {
	path  string     // the program, under the name by which kustomizations call it
	env   []string   // in which that name is found, and other programs only if some are allowed
	temp  string     // a directory to remove, or ""
	allow allow.List // what a build may do
	large sync.Map   // error, by directory of what exceeded a bound
}

// New returns a Builder that runs the program in the file executable, also as
// the function that overlays name, and beside it what is allowed. Close it.
func New(executable string, allowed allow.List) (*Builder, error) {
	executable, err := filepath.Abs(executable)
	if err != nil {
		return nil, err
	}
	b := &Builder{path: executable, allow: allowed}
	if b.temp, err = os.MkdirTemp("", Program+"-*"); err == nil {
		b.path = filepath.Join(b.temp, Program)
		if err := os.Symlink(executable, b.path); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	} else if filepath.Base(executable) != Program {
		return nil, err // elsewhere, its own directory does: in a container that is read-only
	}
	// A second wall, beside what kustomizations are searched for: without anything
	// else on PATH, kustomize finds neither git nor helm nor docker; and in this
	// directory, no plugins.
	dir := filepath.Dir(b.path)
	path := dir
	if allowed.Programs() {
		path += string(os.PathListSeparator) + os.Getenv("PATH")
	}
	b.env = append(os.Environ(), "PATH="+path, konfig.KustomizePluginHomeEnv+"="+dir)
	return b, nil
}

// Close removes what New created.
func (b *Builder) Close() error {
	if b.temp == "" {
		return nil
	}
	return os.RemoveAll(b.temp)
}

// Build builds an overlay. The error's message has a line for each thing that
// is wrong: what the function said, where it said something, and else what
// kustomize says. What exceeded a bound is not built again.
func (b *Builder) Build(ctx context.Context, r Request) (Result, error) {
	if err, ok := b.large.Load(r.Dir); ok && r.Replace == nil {
		return Result{}, err.(error)
	}
	results, err := b.InTurn(ctx, r)
	if errors.Is(err, ErrExceeds) && r.Replace == nil {
		b.large.Store(r.Dir, err)
	}
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

// InTurn builds overlays one after the other in one process, which takes a third
// less time than a process for each: for builds whose results are held against
// those of others, since kustomize keeps state between builds.
func (b *Builder) InTurn(ctx context.Context, requests ...Request) ([]Result, error) {
	var in, out, stderr bytes.Buffer
	for i := range requests {
		requests[i].Allow = b.allow
	}
	if err := gob.NewEncoder(&in).Encode(requests); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.path, Command)
	cmd.Env, cmd.Stdout, cmd.Stderr = b.env, &out, &stderr
	cmd.WaitDelay = 5 * time.Second // for a program that it started, and that does not end
	if err := runBeside(cmd, in.Bytes()); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == exceedsCode {
			return nil, exceeds(stderr.String())
		}
		return nil, fmt.Errorf("kustomize failed: %w: %s", err, strings.Join(strings.Fields(firstLine(stderr.String())), " "))
	}
	var results []Result
	if err := gob.NewDecoder(&out).Decode(&results); err != nil {
		return nil, fmt.Errorf("kustomize failed: %w", err)
	}
	printed := strings.Split(stderr.String(), endOfBuild)
	if len(results) != len(requests) || len(printed) != len(results)+1 {
		return nil, fmt.Errorf("kustomize failed: %d of %d builds", len(results), len(requests))
	}
	var errs []error
	for i := range results {
		results[i].Stderr = printed[i]
		for _, line := range results[i].Refused {
			errs = append(errs, errors.New(line))
		}
		if results[i].Failure != "" {
			errs = append(errs, explain(printed[i], results[i].Failure))
		}
	}
	return results, errors.Join(errs...)
}

// runBeside runs a process that ends with this one: its stdin stays open until then.
func runBeside(cmd *exec.Cmd, input []byte) error {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, _ = stdin.Write(input) // a process that does not read it says why
	return cmd.Wait()
}

// endOfBuild is on stderr after what a build printed there.
const endOfBuild = "\x00\n"

// explain makes an error of a failed build. kustomize wraps a function's failure
// in many words and none of the function's own, which are on stderr.
func explain(stderr, failure string) error {
	var said []error
	for _, line := range diagnostic.Read(stderr).Errors {
		said = append(said, errors.New(line))
	}
	if len(said) == 0 {
		return errors.New(strings.Join(strings.Fields(failure), " "))
	}
	return errors.Join(said...)
}
