# Trains a classifier of handwritten digits. Worker processes, which are this script again, prepare
# batches of shifted, noisy images; the host learns from them.

require "rbconfig"
require_relative "jobexec"

PIXELS, CLASSES, BATCH, BATCHES, EPOCHS = 64, 10, 32, 45, 6
WIDTH = PIXELS + 1 # The label comes last.

# On a worker: the seed decides which digits go into a batch, how shifted, how noisy.
def augment(digits, seed)
  chance = Random.new(seed)
  Array.new(BATCH) do
    *image, label = digits[chance.rand(digits.size)]
    shift = [-1, 0, 0, 0, 0, 0, 0, 0, 1][chance.rand(9)]
    rows = image.each_slice(8).flat_map { |row| [0, *row, 0][1 + shift, 8] }
    rows.map { |ink| ink + chance.rand } << label
  end.flatten.pack("f*")
end

# Moves the weights towards an image's label. Whether that was the likeliest before.
def learn(weights, image, label, rate)
  chances = weights.map { |row| Math.exp(row.each_with_index.sum { |w, i| w * image[i] }) }
  best, sum = chances.index(chances.max), chances.sum
  return best == label if rate.zero?
  weights.each_with_index do |row, number|
    step = rate * ((number == label ? 1 : 0) - chances[number] / sum)
    image.each_with_index { |ink, i| row[i] += step * ink }
  end
  best == label
end

path = ARGV[0] || "ffi-tests/data/optdigits.csv"
digits = File.readlines(path).map { |line| line.split(",").map(&:to_i) }
held_out, training = digits.partition.with_index { |_, number| (number % 5).zero? }
if Jobexec.worker?
  Jobexec.serve { |seed| augment(training, seed) }
  exit
end

executor = Jobexec::Executor.new([RbConfig.ruby, __FILE__, path], BATCH * WIDTH * 4)
weights = Array.new(CLASSES) { Array.new(PIXELS, 0.0) }
EPOCHS.times do
  BATCHES.times do
    nil while executor.put
    executor.poll do |bytes|
      bytes.unpack("f*").each_slice(WIDTH) do |*image, label|
        learn(weights, image, label.to_i, 0.0005)
      end
    end
  end
  executor.reset
end
executor.close
right = held_out.count { |*image, label| learn(weights, image, label, 0) }
puts format("accuracy on %d held-out digits: %.1f %%", held_out.size, 100.0 * right / held_out.size)
exit right >= 0.9 * held_out.size
