/** By Python's `statistics.median` and `fmean`, of the values and of their distances from the median. */
export const vectors: readonly {
  name: string;
  values: readonly number[];
  median: number;
  mad: number;
  meanAbsolute: number;
}[] = [
  { name: "one value", values: [7], median: 7, mad: 0, meanAbsolute: 0.0 },
  { name: "an even number", values: [1, 2, 3, 4], median: 2.5, mad: 1.0, meanAbsolute: 1.0 },
  { name: "an outlier", values: [10, 11, 12, 11, 10, 12, 11, 10000], median: 11.0, mad: 1.0, meanAbsolute: 1249.125 },
  {
    name: "values that are all the same",
    values: [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5],
    median: 5,
    mad: 0,
    meanAbsolute: 0.0,
  },
  {
    name: "values of which most are the same",
    values: [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 9, 1, 7],
    median: 5,
    mad: 0,
    meanAbsolute: 0.7692307692307693,
  },
  {
    name: "negative and fractions",
    values: [-3.5, 0.25, -1.125, 8, -0.5],
    median: -0.5,
    mad: 0.75,
    meanAbsolute: 2.575,
  },
  {
    name: "twenty of a normal distribution",
    values: [
      101.341, 80.177, 128.814, 110.794, 106.506, 99.47, 87.393, 79.033, 118.762, 80.465, 115.108, 127.243, 96.427,
      94.17, 98.882, 70.728, 88.409, 117.67, 111.751, 99.346,
    ],
    median: 99.408,
    mad: 12.179000000000002,
    meanAbsolute: 13.12145,
  },
  {
    name: "fifteen of a heavy tail",
    values: [
      4.016, 2.0594, 2.0255, 15.3778, 1.0645, 1.5214, 1.3914, 1.1876, 5.0863, 1.2233, 1.4239, 1.0844, 5.862, 5.5757,
      3.9867,
    ],
    median: 2.0255,
    mad: 0.9411,
    meanAbsolute: 2.204493333333333,
  },
  {
    name: "large and small",
    values: [1000000000000000.0, 1e-9, 300000000000000.0, 2, 1000000000000000.0],
    median: 300000000000000.0,
    mad: 300000000000000.0,
    meanAbsolute: 399999999999999.6,
  },
];
