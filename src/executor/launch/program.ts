/**
 * What a launcher runs: a small process that starts commands on the agent's behalf, because a fork of a small process costs a tenth of a
 * fork of Node. Perl, because it tells a signal from an exit code, sets exactly the environment it is given, and is on every Debian and on
 * most others; where it is not, Node starts the commands.
 *
 * Arguments: the two pipes (FIFOs) that it makes for the output of commands. It has one command at a time.
 * A request on standard input: length (4 bytes, big endian), then fields with a zero byte between them: folder, number of words, the
 * words of the command, and, when it is another than that of the command before, its whole environment as NAME=VALUE.
 * It says, one line each: `ready`; `refused`: nothing was started; `started PID`, then `ended STATUS` (as wait(2) gives it); and `unknown`
 * before that `ended` when the program could not be executed. It ends when its input does.
 */
export const LAUNCHER_PROGRAM = `
$0 = "gantry: starts commands";
my ($stdout, $stderr) = @ARGV;
system("mkfifo", "-m", "600", $stdout, $stderr) == 0 or exit 1;
# Perl closes what is above 2 in what it executes.
open(my $requests, "<&", \\*STDIN) or exit 1;
open(my $answers, ">&", \\*STDOUT) or exit 1;
open(STDIN, "<", "/dev/null") or exit 1;
close(STDOUT);
close(STDERR);

sub answer { syswrite($answers, "$_[0]\\n") or exit 1 }

sub take {
  my ($size) = @_;
  my $bytes = "";
  while (length($bytes) < $size) {
    sysread($requests, $bytes, $size - length($bytes), length($bytes)) or exit 0;
  }
  return $bytes;
}

# What is done before the fork is not done in the copy, where every page that is written to is copied first.
sub start {
  my ($folder, $count, @rest) = split(/\\0/, take(unpack("N", take(4))), -1);
  my @words = splice(@rest, 0, $count);
  %ENV = map { split(/=/, $_, 2) } @rest if @rest;
  chdir($folder) or return undef;
  # They are 1 and 2, the lowest that are free. Opened here, the pipes have a writer once a start is told.
  my $open = sysopen(STDOUT, $stdout, 1) && sysopen(STDERR, $stderr, 1);
  my $pid = $open ? fork() : undef;
  if (defined($pid) && $pid == 0) {
    setpgrp(0, 0);
    exec { $words[0] } @words;
    answer("unknown");
    exit 127;
  }
  close(STDOUT);
  close(STDERR);
  return $pid;
}

answer("ready");
for (;;) {
  my $pid = start();
  # A folder it stays in could not be unmounted.
  chdir("/");
  if (!defined($pid)) { answer("refused"); next }
  # The command does the same: whoever is first, the group is there when it is told.
  setpgrp($pid, $pid);
  answer("started $pid");
  waitpid($pid, 0);
  answer("ended $?");
}
`;
