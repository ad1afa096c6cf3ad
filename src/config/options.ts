import type { z } from 'zod';
import { clusterOptions } from './cluster-options.ts';
import { commandOptions } from './command-options.ts';
import type { OptionSpec } from './option-spec.ts';
import { placeOptions } from './place-options.ts';
import { sqlOptions } from './sql-options.ts';
import { streamOptions } from './stream-options.ts';

/** Every setting of the gateway, in the order in which it is told. */
const optionSpecs = { ...placeOptions, ...clusterOptions, ...sqlOptions, ...streamOptions, ...commandOptions };

/** The name of a setting in this room. */
export type OptionName = keyof typeof optionSpecs;

/** The settings that were given, parsed. */
export type OptionValues = { readonly [Name in OptionName]?: z.output<(typeof optionSpecs)[Name]['schema']> };

/** All settings with their names. */
export const optionEntries = Object.entries(optionSpecs) as readonly (readonly [OptionName, OptionSpec])[];
