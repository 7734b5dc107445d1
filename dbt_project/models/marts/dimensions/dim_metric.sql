-- Made from the column descriptions of the marts themselves: one source for dbt docs, column comments and this table.
{%- set rows = [] %}
{%- if execute %}
    {%- set marts = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('fqn.1', 'equalto', 'marts')
        | sort(attribute='name') | list %}
    {%- set names = marts | map(attribute='name') | list %}
    {%- for node in marts %}
        {#- The finest grain speaks for a subject; a subject whose name a table has of its own keeps its grain. #}
        {%- set subject = modules.re.sub('_(daily|weekly|monthly)$', '', node.name) %}
        {%- set finest = [subject ~ '_daily', subject ~ '_weekly', subject ~ '_monthly'] | select('in', names) | first %}
        {%- if node.name in [subject, finest] %}
            {%- set mart = subject if node.name == subject or subject not in names else node.name %}
            {%- for column in node.columns.values() if column.meta.get('additivity') %}
                {%- do rows.append((mart, node, column)) %}
            {%- endfor %}
        {%- endif %}
    {%- endfor %}
{%- endif %}

{%- set columns = [
    'mart', 'metric', 'definition', 'additivity', 'not_over', 'clock', 'refund_treatment', 'data_type', 'platform_lens', 'owner',
] %}

select
    {%- for name in columns %}
    cast({{ name }} as {{ t('text') }}) as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from (
    values
    {%- for mart, node, column in rows %}
    (
        {{ quoted([
            mart, column.name, column.description, column.meta.additivity, column.meta.get('not_over'), column.meta.get('clock'),
            column.meta.get('refunds'), column.data_type, column.meta.get('lens'), node.config.meta.get('owner', 'operations'),
        ]) }}
    ){{ "," if not loop.last }}
    {%- endfor %}
    {%- if not rows %}
    ({{ quoted([none] * 10) }})
    {%- endif %}
) as metrics ({{ columns | join(', ') }})
where mart is not null
