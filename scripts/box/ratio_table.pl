#!/usr/bin/perl
# Tables out of interleaved runs: lines of load, round, allocator, operations per CPU second, peak KiB (tab-separated)
# on stdin; arguments are the reference allocator and all allocators in the order of the columns.
#
# A ratio is reference / other in the same round; the tables show the median over rounds and, behind it, the interval
# of the median by order statistics (the sign test turned round; at least 95 % where the rounds suffice, and its true
# level is printed). A ratio whose interval holds 1 is no difference seen. An allocator without figures for every
# round of a load has '-' there.
use strict;
use warnings;

my ($reference, @names) = @ARGV;
my (%figure, %rss, @loads);
while (my $line = <STDIN>) {
    chomp $line;
    my ($load, $round, $name, $ops, $kib) = split /\t/, $line;
    push @loads, $load unless exists $figure{$load};
    $figure{$load}{$round}{$name} = $ops;
    push @{ $rss{$load}{$name} }, $kib;
}
@loads or die "ratio_table.pl: no runs\n";
my $rounds = (sort { $b <=> $a } map { scalar keys %$_ } values %figure)[0];
my ($low, $level) = interval_ranks($rounds);
my $longest = (sort { $b <=> $a } map { length } @names)[0];
my $width = at_least(14);

# The figures of an allocator on a load, by round; empty unless every round has one.
sub figures
{
    my ($load, $name) = @_;
    my @figures = map { $figure{$load}{$_}{$name} } sort { $a <=> $b } keys %{ $figure{$load} };
    return @figures == $rounds && !grep({ !defined } @figures) ? @figures : ();
}

sub cell { my ($format, @values) = @_; return grep({ !defined } @values) ? '-' : sprintf $format, @values }

sub median
{
    my @x = sort { $a <=> $b } @_ or return undef;
    return ($x[ int(($#x) / 2) ] + $x[ int(@x / 2) ]) / 2;
}

# The largest k for which [k-th smallest, k-th largest] of n covers the median with 95 %, and what it covers:
# 1 - 2 * P(fewer than k of n fair coins). With fewer than six rounds even the whole range does not reach 95 %.
sub interval_ranks
{
    my ($n) = @_;
    my ($below, $term, $rank, $covers) = (0, 0.5**$n, 1, 1 - 2 * 0.5**$n);
    for my $k (1 .. int($n / 2)) {
        $below += $term;
        last if 1 - 2 * $below < 0.95;
        ($rank, $covers) = ($k, 1 - 2 * $below);
        $term *= ($n - $k + 1) / $k;
    }
    return ($rank, $covers);
}

# A column is as wide as its figures need, and two more than the longest name.
sub at_least { my ($width) = @_; return $longest + 2 > $width ? $longest + 2 : $width }

sub geometric_mean
{
    my $sum = 0;
    $sum += $_ for @_;
    return @_ ? sprintf('%.3f', exp($sum / @_)) : '-';
}

sub row { printf "%-14s" . "%${width}s" x (@_ - 1) . "\n", @_ }

my @others = grep { $_ ne $reference } @names;

print "Million operations per CPU second, median of $rounds rounds\n";
row('load', @names);
for my $load (@loads) {
    row($load, map { cell('%.4g', median(map { $_ / 1e6 } figures($load, $_))) } @names);
}

$width = at_least(20);
printf "\n%s against each, ratio of speeds [interval, %.1f %%]; above 1 %s is faster\n", $reference, 100 * $level,
    $reference;
row('load', @others, 'best other');
my %logs;
for my $load (@loads) {
    my @mine = figures($load, $reference);
    my (@cells, $best);
    for my $name (@others) {
        my @its   = @mine ? figures($load, $name) : ();
        my @r     = sort { $a <=> $b } map { $mine[$_] / $its[$_] } 0 .. $#its;
        my $ratio = median(@r);
        push @cells, cell('%.2f [%.2f, %.2f]', $ratio, @r ? ($r[ $low - 1 ], $r[ -$low ]) : undef);
        next unless defined $ratio;
        push @{ $logs{$name} }, log $ratio;
        $best = $ratio if !defined $best || $ratio < $best;
    }
    push @{ $logs{'best other'} }, log $best if defined $best;
    row($load, @cells, cell('%.2f', $best));
}
row('geometric mean', map { geometric_mean(@{ $logs{$_} || [] }) } @others, 'best other');

$width = at_least(14);
print "\nPeak memory, MiB, median; last column: $reference over the least of the others\n";
row('load', @names, 'over least');
for my $load (@loads) {
    my %m     = map { $_ => median(map { $_ / 1024 } @{ $rss{$load}{$_} || [] }) } @names;
    my $least = (sort { $a <=> $b } grep { defined } map { $m{$_} } @others)[0];
    my $over  = defined $m{$reference} && $least ? $m{$reference} / $least : undef;
    row($load, (map { cell('%.1f', $m{$_}) } @names), cell('%.2f', $over));
}
