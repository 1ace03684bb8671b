#!/usr/bin/perl
# JSON for the boxes, with what perl brings along (prove needs perl anyway).
#
#   record.pl object NAME=TEXT NAME:=JSON NAME@=FILE ...   an object; texts, raw JSON, the JSON in a file
#   record.pl rows NAME NAME:n ...  < TABLE                tab-separated lines as an array of objects (:n a number)
#   record.pl stats < NUMBERS                              n, mean, median, sd, cv_percent, min, max
#   record.pl get FILE a.b.0                               one value; status 1 when it is not there
#   record.pl where FILE a.b NAME=TEXT c   member c of the first object in the list a.b whose NAME is TEXT
#   record.pl merge FILE...                one series of several of one binary; a file that is no series itself is a round
#   record.pl pick FILE NAME...                            an object of some of the members of another
#   record.pl set FILE a.b=TEXT ...                        the object in FILE with texts put in
#   record.pl schedule ROUNDS SEED                         orders of A B C D, one round a line (ROUNDS even)
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->canonical->pretty->indent_length(2)->allow_nonref;
my %verb = (
    object => \&object, rows => \&rows, stats => \&stats, get => \&get, where => \&where, merge => \&merge, pick => \&pick, set => \&put,
    schedule => \&schedule,
);
my $verb = $verb{ shift // '' } or die "usage: record.pl object|rows|stats|get|where|merge|pick|set|schedule ...\n";
$verb->(@ARGV);

sub slurp
{
    my ($file) = @_;
    open my $in, '<:raw', $file or die "record.pl: $file: $!\n";
    local $/;
    return scalar <$in>;
}

sub parse
{
    my ($text, $what) = @_;
    my $value = eval { $json->decode($text) };
    die "record.pl: $what is not JSON\n" if $@;
    return $value;
}

# Beyond doubles' integers nothing is counted here, so a number is a number.
sub number { return $_[0] eq 'null' || $_[0] eq '' ? undef : 0 + $_[0] }

sub object
{
    my %object;
    for (@_) {
        if    (/^([^=:@]+):=(.*)$/s) { $object{$1} = parse($2, $1) }
        elsif (/^([^=:@]+)@=(.*)$/s) { $object{$1} = parse(slurp($2), $2) }
        elsif (/^([^=:@]+)=(.*)$/s)  { $object{$1} = $2 }
        else                         { die "record.pl: '$_' is not NAME=VALUE\n" }
    }
    print $json->encode(\%object);
}

sub rows
{
    my @names = @_;
    my @rows;
    while (my $line = <STDIN>) {
        chomp $line;
        my @cells = split /\t/, $line, -1;
        my %row;
        for my $name (@names) {
            my $cell = shift @cells;
            die "record.pl: line $. has no '$name'\n" unless defined $cell;
            $name =~ /^(.*):n$/ ? ($row{$1} = number($cell)) : ($row{$name} = $cell);
        }
        push @rows, \%row;
    }
    print $json->encode(\@rows);
}

sub stats { print $json->encode(summary(map { chomp; $_ } grep { !/^null$/ } <STDIN>)) }

sub summary
{
    my @x = sort { $a <=> $b } @_;
    die "record.pl: stats of nothing\n" unless @x;
    my ($n, $sum, $squares) = (scalar @x, 0, 0);
    $sum += $_ for @x;
    my $mean = $sum / $n;
    $squares += ($_ - $mean)**2 for @x;
    my $sd     = $n > 1 ? sqrt($squares / ($n - 1)) : undef;
    my $median = ($x[ int(($n - 1) / 2) ] + $x[ int($n / 2) ]) / 2;
    return {
        n => $n, mean => $mean, median => $median, sd => $sd,
        cv_percent => defined $sd && $mean ? 100 * $sd / $mean : undef,
        min => 0 + $x[0], max => 0 + $x[-1],
    };
}

sub merge
{
    my @files = map { parse(slurp($_), $_) } @_;
    my ($all, $last, @runs) = ($files[0], 0);
    for my $i (0 .. $#files) {
        my $file = $files[$i];
        die "record.pl: $_[$i] is of another binary\n" if $file->{binary}{sha256} ne $all->{binary}{sha256};
        push @runs, map { { %$_, round => $last + ($_->{round} // 1) } } @{ $file->{runs} };
        $last = $runs[-1]{round} if @runs;
    }
    $runs[$_]{run} = $_ + 1 for 0 .. $#runs;
    my @cpu = grep { $_ } map { $_->{cpu_s} } @runs;
    $all->{runs}           = \@runs;
    $all->{ops_per_wall_s} = summary(map { $_->{throughput} } @runs);
    $all->{ops_per_cpu_s}  = @cpu ? summary(map { $all->{iters} / $_ } @cpu) : undef;
    print $json->encode($all);
}

# What lies at the path; status 1 when nothing does.
sub at
{
    my ($value, $path) = @_;
    for my $key (split /\./, $path) {
        $value = ref $value eq 'HASH' ? $value->{$key}
          : ref $value eq 'ARRAY' && $key =~ /^\d+$/ ? $value->[$key]
          :                                            undef;
        exit 1 unless defined $value;
    }
    return $value;
}

sub show
{
    my ($value) = @_;
    print ref $value ? $json->encode($value) : JSON::PP::is_bool($value) ? ($value ? 'true' : 'false') : $value, "\n";
}

sub get { my ($file, $path) = @_; show(at(parse(slurp($file), $file), $path)) }

sub where
{
    my ($file, $path, $condition, $member) = @_;
    my ($name, $text) = split /=/, $condition, 2;
    my ($found) = grep { ($_->{$name} // '') eq $text } @{ at(parse(slurp($file), $file), $path) };
    exit 1 unless $found;
    show(at($found, $member));
}

sub pick
{
    my ($file, @names) = @_;
    my $from = parse(slurp($file), $file);
    print $json->encode({ map { $_ => $from->{$_} } @names });
}

sub put
{
    my ($file, @settings) = @_;
    my $object = parse(slurp($file), $file);
    for (@settings) {
        my ($path, $text) = /^([^=]+)=(.*)$/s or die "record.pl: '$_' is not NAME=VALUE\n";
        my @keys = split /\./, $path;
        my $last = pop @keys;
        my $at   = $object;
        $at = $at->{$_} //= {} for @keys;
        $at->{$last} = $text;
    }
    print $json->encode($object);
}

# Rows of a Williams square (each point once in each place, once after each other) in pairs of a row and its
# reverse, pairs and rows within them shuffled. perl's own generator: the same seed gives the same order everywhere.
sub schedule
{
    my ($rounds, $seed) = @_;
    srand $seed;
    my @lines;
    while (@lines < $rounds) {
        my @pairs = (['ABDC', 'CDBA'], ['BCAD', 'DACB']);
        @pairs = reverse @pairs if rand() < 0.5;
        push @lines, rand() < 0.5 ? @$_ : reverse @$_ for @pairs;
    }
    print "$_\n" for @lines[ 0 .. $rounds - 1 ];
}
