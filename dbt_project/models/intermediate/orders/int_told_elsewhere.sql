-- Records that are not counted, because another account has a newer version of the same order or refund. Where several accounts read one
-- shop, each of them has its records, and those of one account count:
-- * of an order, the account with the latest modified time; if they agree, the one that loaded it last
-- * of an order's lines and rooms, the same account, if it has any of them
-- * of a refund, the account that loaded it last
-- Two sites under one store may give two orders the same number. Records that were created at different times, or refunds of different
-- orders, are different: both stay, and the test of the key reports them. Where no shop is read by several accounts the staging tables are
-- not read. One row per stream, account and record.
{%- set shops = shared_shops() %}
{%- set streams = {'orders': 'order_id', 'order_lines': 'order_id', 'order_scenes': 'order_id', 'refunds': 'refund_id'} %}
{%- set marks = {'orders': 'cast(created_at as ' ~ t('text') ~ ')', 'refunds': 'order_id'} %}
with

told as (

    {%- for stream, record in streams.items() %}
    {%- if shops %}
    select
        '{{ stream }}' as stream,
        platform,
        store_id,
        {{ record }} as record_id,
        account_id,
        min({{ marks.get(stream, null_as('text')) }}) as mark,
        max({{ 'modified_at' if stream == 'orders' else null_as('instant') }}) as modified_at,
        max(load_id) as load_id
    from (
        {{ union_staging(stream) }}
    ) as records
    where ({% for platform, store in shops %}(platform = '{{ platform }}' and store_id = '{{ store }}'){{ " or " if not loop.last }}{% endfor %})
    group by platform, store_id, {{ record }}, account_id
    {%- else %}
    select
        '{{ stream }}' as stream,
        {%- for name in ['platform', 'store_id', 'record_id', 'account_id', 'mark'] %}
        {{ null_as('text') }} as {{ name }},
        {%- endfor %}
        {{ null_as('instant') }} as modified_at,
        {{ null_as('bigint') }} as load_id
    where 1 = 0
    {%- endif %}
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

compared as (

    select
        told.*,
        coalesce(min(mark) over of_one_key = max(mark) over of_one_key, true) as is_same
    from told
    window of_one_key as (partition by stream, platform, store_id, record_id)

),

by_order as (

    select
        platform,
        store_id,
        record_id,
        account_id,
        is_same,
        row_number() over (
            partition by platform, store_id, record_id
            order by modified_at desc nulls last, load_id desc, account_id
        ) as turn
    from compared
    where stream = 'orders'

),

ranked as (

    select
        told.stream,
        told.account_id,
        told.record_id,
        told.is_same and coalesce(by_order.is_same, true) as is_same,
        row_number() over (
            partition by told.stream, told.platform, told.store_id, told.record_id
            order by by_order.turn nulls last, told.load_id desc, told.account_id
        ) as turn
    from compared as told
    left join by_order
        on told.platform = by_order.platform
        and told.store_id = by_order.store_id
        and {{ only_where("told.stream <> 'refunds'", 'told.record_id') }} = by_order.record_id
        and told.account_id = by_order.account_id

)

select stream, account_id, record_id
from ranked
where turn > 1 and is_same
