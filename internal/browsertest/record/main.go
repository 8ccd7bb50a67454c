// Record makes the README's recording from one real run: what the terminal said, as an
// animated SVG, and what the live page showed, as a GIF. It keeps nothing of a run that was
// not as expected, so that no machine too busy for a measurement ends up in the README.
// `make recording` runs it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"
)

// words are the command that is recorded.
var words = []string{"lab99", "reproduce", "--size", "quick", "--driver", "netns", "--live"}

const (
	wide, high = 900, 620               // of the page, in pixels
	every      = 700 * time.Millisecond // between two pictures: more would take what the run needs
	most       = 3 * time.Minute
)

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+/\w+/`)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: record ROOT DIR\n"+
			"runs bin/lab99 in ROOT and writes terminal.svg and live.gif into DIR")
		os.Exit(64)
	}
	if err := record(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// said is a line of the terminal, and when it came.
type said struct {
	at   time.Duration
	text string
}

func record(root, dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	tab, end, err := browser(ctx) // before the run: to start it takes a processor
	if err != nil {
		return err
	}
	defer end()

	args := append(words[1:len(words):len(words)], "--out", filepath.Join("results", "runs", "recording"))
	cmd := exec.CommandContext(ctx, filepath.Join("bin", "lab99"), args...)
	cmd.Dir = root
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) } // it takes the lab down
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = w, w
	began := time.Now()
	err = cmd.Start()
	w.Close()
	if err != nil {
		return fmt.Errorf("%w; `make build` makes the program", err)
	}
	page, told := make(chan string, 1), make(chan []said, 1)
	go listen(r, began, page, told)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	frames, err := watch(tab, page, ended, began)
	if err != nil {
		return err
	}
	r.SetReadDeadline(time.Now().Add(time.Second)) // whoever else has the other end
	lines := <-told
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "terminal.svg"), terminal(lines), 0o644); err != nil {
		return err
	}
	moving, err := animation(frames)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "live.gif"), moving, 0o644)
}

// listen takes down what the run says until it ends.
func listen(r *os.File, began time.Time, page chan<- string, told chan<- []said) {
	var all []said
	for lines := bufio.NewScanner(r); lines.Scan(); {
		all = append(all, said{time.Since(began), lines.Text()})
		fmt.Fprintln(os.Stderr, lines.Text())
		if found := address.FindString(lines.Text()); found != "" {
			select {
			case page <- found:
			default:
			}
		}
	}
	told <- all
}

func browser(ctx context.Context) (tab context.Context, end func(), err error) {
	if _, err := exec.LookPath("chromium"); err != nil {
		return nil, nil, fmt.Errorf("no chromium on the PATH: the package chromium has it")
	}
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	tab, leave := chromedp.NewContext(ctx)
	end = func() { leave(); stop() }
	if err := chromedp.Do(tab, chromedp.EmulateViewport(wide, high)); err != nil {
		end()
		return nil, nil, err
	}
	return tab, end, nil
}

// frame is a picture of the page, as a PNG.
type frame struct {
	at  time.Duration
	png []byte
}

// watch takes pictures of the live page until the run has ended and the page is its report.
func watch(tab context.Context, page <-chan string, ended <-chan error, began time.Time) (frames []frame, err error) {
	select {
	case url := <-page:
		err = chromedp.Do(tab, chromedp.Navigate(url))
	case err = <-ended:
		err = fmt.Errorf("the run ended before it said where its page is: %v", err)
	}
	if err != nil {
		return nil, err
	}
	over := false
	for tick := time.NewTicker(every); ; {
		b, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
		if err != nil {
			return nil, err
		}
		if n := len(frames); n == 0 || !bytes.Equal(frames[n-1].png, b) {
			frames = append(frames, frame{time.Since(began), b})
		}
		if over {
			return frames, nil
		}
		select {
		case err := <-ended:
			if err != nil {
				return nil, fmt.Errorf("the run was not as expected (%w): nothing is kept; "+
					"a quieter moment may be what it takes", err)
			}
			report := chromedp.Evaluate[bool](`!!document.getElementById("verdicts")`)
			for by := time.Now().Add(10 * time.Second); !over && time.Now().Before(by); {
				over, _ = chromedp.Run(tab, report)
				time.Sleep(100 * time.Millisecond)
			}
			if !over {
				return nil, fmt.Errorf("the page did not become the report")
			}
		case <-tick.C:
		case <-tab.Done():
			return nil, tab.Err()
		}
	}
}
