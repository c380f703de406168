import js from '@eslint/js';
import globals from 'globals';

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: globals.node },
    rules: {
      eqeqeq: 'error',
      // Express knows an error handler by its four parameters.
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
];
