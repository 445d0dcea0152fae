/**
 * What a launcher runs: a small process that starts commands on the agent's behalf, because a fork of a small process costs a tenth of a
 * fork of Node. Perl, because it tells a signal from an exit code, sets exactly the environment it is given, and is on every Debian and on
 * most others; where it is not, Node starts the commands.
 *
 * Arguments: the two pipes (FIFOs) that it makes for the output of commands. It has one command at a time.
 * A request on standard input: length (4 bytes, big endian), then fields with a zero byte between them: folder, number of words, the
 * words of the command, its whole environment as NAME=VALUE.
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
open(STDOUT, ">", "/dev/null") or exit 1;

sub answer { syswrite($answers, "$_[0]\\n") or exit 1 }

sub take {
  my ($size) = @_;
  my $bytes = "";
  while (length($bytes) < $size) {
    sysread($requests, $bytes, $size - length($bytes), length($bytes)) or exit 0;
  }
  return $bytes;
}

sub start {
  my ($folder, $count, @rest) = split(/\\0/, take(unpack("N", take(4))), -1);
  my @words = splice(@rest, 0, $count);
  # Opened here and not by the command: once a start is told, the pipes have a writer.
  chdir($folder) and sysopen(my $out, $stdout, 1) and sysopen(my $error, $stderr, 1) or return undef;
  my $pid = fork();
  return $pid if !defined($pid) || $pid != 0;
  setpgrp(0, 0);
  if (open(STDOUT, ">&", $out) && open(STDERR, ">&", $error)) {
    %ENV = map { split(/=/, $_, 2) } @rest;
    exec { $words[0] } @words;
  }
  answer("unknown");
  exit 127;
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
