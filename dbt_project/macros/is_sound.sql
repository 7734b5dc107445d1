{#
  Whether a staging model keeps the contract of its stream, in one pass over it. If not, there is one row, whose `broken` names every broken
  rule, with the number of rows that break it and one of them.

  Only rows that came since the last whole build are judged: the earlier ones passed with that build, each row is judged by itself,
  and a changed rule makes a full build. by_load is false where rows have no load_id; then all are judged each time.

  stream: the stream that says which values columns may have (staging_values), if any. values: further columns and their values.
  key: the columns that name a row; a null counts as a value. required: columns that are never null.
  documented: column → the words of the vendor's documentation. mapped: a var whose keys are words that the merchant
      has explained himself.
  as_sent: base model → fields of its `record`, the vendor's text. `moments` and `amounts` that were sent must be readable, because
      a garbled one would look like an absent one; `words` must be documented.
#}
{% test is_sound(model, stream='', key=[], required=[], values={}, documented={}, mapped=none, as_sent={}, by_load=true) %}
    {%- set rules = [] -%}
    {%- set example = key[-1] if key else 'account_id' -%}
    {%- for column in required -%}
        {%- do rules.append((column ~ ' is missing, or too large to be read', column ~ ' is null', none)) -%}
    {%- endfor -%}
    {%- for column, known in dict(staging_values(stream), **values).items() -%}
        {%- do rules.append((column ~ ' is', column ~ ' not in (' ~ quoted(known) ~ ')', column)) -%}
    {%- endfor -%}
    {%- set explained = var(mapped, {}).keys() | list if mapped else [] -%}
    {%- for column, words in documented.items() -%}
        {%- do rules.append(undocumented(column, words + explained)) -%}
    {%- endfor -%}
    {{ broken_rules(model, rules, example, key, by_load) }}
    {%- for base, sent in as_sent.items() %}
    {%- set rules = [] -%}
    {%- for field in sent.get('moments', []) -%}
        {%- set text = 'latest.record.' ~ field -%}
        {%- do rules.append((field ~ ' is no time:', no_sentinel(text) ~ ' is not null and ' ~ parse_instant(text) ~ ' is null', text)) -%}
    {%- endfor -%}
    {%- for field in sent.get('amounts', []) -%}
        {%- set text = 'latest.record.' ~ field -%}
        {%- do rules.append((field ~ ' is no number, or too large:', 'trim(' ~ text ~ ") not in ('', '-', '--') and " ~ number(text) ~ ' is null', text)) -%}
    {%- endfor -%}
    {%- for field, words in sent.get('words', {}).items() -%}
        {%- do rules.append(undocumented('latest.record.' ~ field, words)) -%}
    {%- endfor %}
    union all
    {{ broken_rules(ref(base) ~ ' as latest', rules, 'record_key') }}
    {%- endfor %}
{% endtest %}


{# One text about all broken rules. rules: (the rule's name, when a row breaks it, the value to show); that `key` is unique is one more. #}
{% macro broken_rules(relation, rules, example, key=[], by_load=true) %}
    select broken
    from (
        select
            concat_ws(
                '; '
                {%- if key %},
                case
                    when count(*) > count(distinct key_text)
                        then concat(count(*) - count(distinct key_text), ' rows more than values of {{ key | join(", ") }}')
                end
                {%- endif %}
                {%- for name, _, shown in rules %},
                case
                    when count(rule_{{ loop.index }}) > 0
                        then concat(
                            '{{ name }}{{ " " if shown }}',
                            {%- if shown %}
                            concat_ws(', ', min(rule_{{ loop.index }}), nullif(max(rule_{{ loop.index }}), min(rule_{{ loop.index }}))),
                            {%- endif %}
                            ' (',
                            count(rule_{{ loop.index }}),
                            ' rows, for example ',
                            coalesce(min(case when rule_{{ loop.index }} is not null then example end), 'one without an id'),
                            ')'
                        )
                end
                {%- endfor %}
            ) as broken
        from (
            select
                {%- if key %}
                concat_ws('|'{% for column in key %}, coalesce(cast({{ column }} as {{ t('text') }}), '~'){% endfor %}) as key_text,
                {%- endif %}
                {%- for _, is_broken, shown in rules %}
                case when {{ is_broken }} then {{ shown or "'x'" }} end as rule_{{ loop.index }},
                {%- endfor %}
                {{ example }} as example
            from {{ relation }}
            {%- if by_load %}
            {#- Looked up and not referred to as a source: otherwise a build of models/intermediate alone would include these tests. #}
            where load_id > {{ built_through(api.Relation.create(target.database, 'built', 'state')) }}
            {%- endif %}
        ) as looked_at
    ) as counted
    where broken <> ''
{%- endmacro %}


{% macro undocumented(expression, words) %}
    {{- return((
        expression | replace('latest.record.', '') ~ " is not in the vendor''s documentation:",
        expression ~ ' not in (' ~ quoted(words) ~ ')',
        expression,
    )) -}}
{% endmacro %}
