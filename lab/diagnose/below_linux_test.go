package diagnose

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/lint"
)

// TestConfigurationOfAnEnemy: whatever is put where the configuration should be, it is
// refused with a reason, and nothing waits.
func TestConfigurationOfAnEnemy(t *testing.T) {
	const main = "etc/nginx/nginx.conf"
	notFound := func(f lint.Finding) bool { return f.ID == "include-not-found" }
	good := "events {}\nhttp {\n include more;\n}\n"
	for name, x := range map[string]struct {
		put  func(t *testing.T, root string) error
		who  user
		want string // of the error; "": the include is what is not there
	}{
		"a pipe": {func(_ *testing.T, root string) error {
			return unix.Mkfifo(filepath.Join(root, main), 0o644)
		}, user{}, "not a regular file"},
		"a directory": {func(_ *testing.T, root string) error {
			return os.Mkdir(filepath.Join(root, main), 0o755)
		}, user{}, "not a regular file"},
		"a socket": {func(_ *testing.T, root string) error {
			return unix.Mknod(filepath.Join(root, main), unix.S_IFSOCK|0o644, 0)
		}, user{}, "not a regular file"},
		"a link in a circle": {func(_ *testing.T, root string) error {
			return os.Symlink("nginx.conf", filepath.Join(root, main))
		}, user{}, "too many links"},
		"a link out": {func(t *testing.T, root string) error {
			filetest.Write(t, filepath.Join(filepath.Dir(root), "secret.conf"), secretOutside)
			return os.Symlink("../../../../secret.conf", filepath.Join(root, main))
		}, user{}, "no such file"},
		"a link through a magic one": {func(_ *testing.T, root string) error {
			return os.Symlink("/proc/self/root"+filepath.Dir(root)+"/secret.conf", filepath.Join(root, main))
		}, user{}, "no such file"},
		"more than is read": {func(t *testing.T, root string) error {
			filetest.Write(t, filepath.Join(root, main), "")
			return os.Truncate(filepath.Join(root, main), textAtMost+1)
		}, user{}, "more than 8 MiB"},
		"another user's": {func(t *testing.T, root string) error {
			filetest.Write(t, filepath.Join(root, main), secretOutside)
			return os.Chmod(filepath.Join(root, main), 0o600)
		}, user{id: 4242}, "the user of that program may not read it"},
		"in another user's directory": {func(t *testing.T, root string) error {
			filetest.Write(t, filepath.Join(root, main), secretOutside)
			return os.Chmod(filepath.Join(root, "etc"), 0o700)
		}, user{id: 4242}, "the user of that program may not read it"},
		"an include that is a pipe": {func(t *testing.T, root string) error {
			filetest.Write(t, filepath.Join(root, main), good)
			return unix.Mkfifo(filepath.Join(root, "etc/nginx/more"), 0o644)
		}, user{}, ""},
		"an include with a name that is too long": {func(t *testing.T, root string) error {
			filetest.Write(t, filepath.Join(root, main),
				"events {}\nhttp {\n include /"+strings.Repeat("a/../b/", 100_000)+"x;\n}\n")
			return nil
		}, user{}, ""},
		"a file that includes itself": {func(t *testing.T, root string) error {
			filetest.Write(t, filepath.Join(root, main), good)
			filetest.Write(t, filepath.Join(root, "etc/nginx/more"), "include more;")
			return nil
		}, user{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "root")
			if err := os.MkdirAll(filepath.Join(root, filepath.Dir(main)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := x.put(t, root); err != nil {
				t.Fatal(err)
			}
			r, err := master{who: x.who, built: built{version: "1.22.1"}}.read(root, nil)
			switch {
			case err != nil && strings.Contains(err.Error(), secretOutside):
				t.Errorf("it tells what it read: %v", err)
			case x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)):
				t.Errorf("%v, want %q", err, x.want)
			case x.want == "" && err != nil:
				t.Error(err)
			case x.want == "" && !slices.ContainsFunc(r.Report.Findings, notFound):
				t.Errorf("%d findings, want an include that is not there", len(r.Report.Findings))
			}
		})
	}
}

// TestFilesOfTheKernelAreNotRead: they look regular, and to read some of them has an
// effect. The root here is the machine's.
func TestFilesOfTheKernelAreNotRead(t *testing.T) {
	for _, name := range []string{"/proc/version", "/proc/self/status", "/sys/kernel/uevent_seqnum", "/dev/null"} {
		if _, err := os.Stat(name); err != nil {
			continue
		}
		_, err := master{title: titleOfMaster + " nginx -c " + name}.read("/", nil)
		if err == nil || !strings.Contains(err.Error(), errNotRegular.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConfigurationThatChanges: somebody replaces the file all the time, by a pipe and by
// a link out of the root. It is read as it should be or not at all.
func TestConfigurationThatChanges(t *testing.T) {
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "secret.conf"), secretOutside)
	root := filepath.Join(dir, "root")
	filetest.Write(t, filepath.Join(root, "etc/nginx/nginx.conf"), "events {}\n")
	var end atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		there, next := filepath.Join(root, "etc/nginx/nginx.conf"), filepath.Join(root, "next")
		for i := 0; !end.Load(); i++ {
			switch i % 3 {
			case 0:
				os.Symlink(dir+"/secret.conf", next)
			case 1:
				unix.Mkfifo(next, 0o644)
			case 2:
				os.WriteFile(next, []byte("events {}\n"), 0o644)
			}
			os.Rename(next, there)
		}
	}()
	read, refused := 0, 0
	for range 2000 {
		b := &below{}
		var err error
		if b.root, err = os.OpenRoot(root); err != nil {
			t.Fatal(err)
		}
		text, err := b.open("/etc/nginx/nginx.conf")
		b.root.Close()
		switch {
		case err != nil:
			refused++
		case string(text) == "events {}\n" || len(text) == 0: // it is being written
			read++
		default:
			t.Fatalf("it reads %q", text)
		}
	}
	end.Store(true)
	<-ended
	t.Logf("read %d times, refused %d times", read, refused)
}

// TestReadingEnds: what does not answer is given up, and does not take more and more of
// the program's threads.
func TestReadingEnds(t *testing.T) {
	answer := make(chan struct{})
	stuck := func() (int, error) { <-answer; return 1, nil }
	for range cap(beside) {
		if _, err := within(time.Now(), stuck); !errors.Is(err, errTooLong) {
			t.Errorf("%v, want that it takes too long", err)
		}
	}
	if _, err := within(time.Now().Add(time.Hour), stuck); err == nil || !strings.Contains(err.Error(), "do not answer") {
		t.Errorf("%v, want that file systems do not answer", err)
	}
	close(answer)
	for len(beside) > 0 {
		time.Sleep(time.Millisecond)
	}
	if n, err := within(time.Now().Add(time.Hour), stuck); n != 1 || err != nil {
		t.Errorf("%d, %v after the file systems have answered", n, err)
	}
	root := t.TempDir()
	filetest.Write(t, filepath.Join(root, "etc/nginx/nginx.conf"), "events {}\n")
	if _, err := (master{until: time.Now()}).read(root, nil); !errors.Is(err, errTooLong) {
		t.Errorf("%v when the time is over", err)
	}
}

// TestHostileNames: a process and a network namespace that are called as a terminal's
// commands, and as lines of the report.
func TestHostileNames(t *testing.T) {
	needs.Root(t)
	l := load{Low: 20000, High: 20099, Addresses: []string{"10.2.0.1/32", "10.2.0.2/32"}, Sources: []string{"10.2.0.1"},
		To: []target{{To: "10.2.0.2:80"}}, Pool: 3, AtS: []float64{0}, Name: "\x1b[2J\ncritical:"}
	child := l.start(t)
	<-child.told
	s, err := Look(t.Context(), Target{PID: child.cmd.Process.Pid})
	if err != nil {
		t.Fatal(err)
	}
	const called = "?[2J critical:"
	if n, _ := poolIn(s); n == nil || n.Processes[0].Name != called ||
		n.Name != fmt.Sprintf("%s %d", called, n.Processes[0].PID) {
		t.Errorf("%+v, want the name as one line", s.Namespaces)
	}
	f := found{named: "a\ncritical: \x1b]0;title\a" + strings.Repeat("b", 300), inode: 1}
	s.Namespaces[0].Name = f.name()
	if name := s.Namespaces[0].Name; strings.ContainsAny(name, "\n\x1b\a") || len(name) > 80 {
		t.Errorf("a namespace is called %q", name)
	}
	var text strings.Builder
	if err := Conclude(s, Options{Horizon: time.Minute}).Write(&text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "critical:") || strings.Contains(line, "\x1b") {
			t.Errorf("%q", line)
		}
	}
}
