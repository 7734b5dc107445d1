{#
  The rows of dropped traffic files form a tree of sources with up to three levels. A source's own row counts people that the rows below
  it count again, so only one level of each branch is kept: the second; the third where the file has no row for the second; the first
  where it is not split. A row without any source is the total over all of them.
#}
{{ config(materialized='view') }}
{%- set no_name = "('', '汇总', '全部', '整体', '合计', '总计')" %}

with

periods as (
    select * from {{ ref('base_files__traffic') }} where record_key is not null
),

named as (
    select
        account_id,
        report_date,
        load_id,
        record,
        record.grain as grain,
        case
            when lower(record.device) in ('pc', 'pc端', '电脑', '电脑端') then 'pc'
            when record.device in ('无线', '无线端', '手机', '手机端', '移动', '移动端') or lower(record.device) = 'mobile' then 'mobile'
            else 'all'
        end as device,
        {%- for level in ['1', '2', '3'] %}
        case when record.source_{{ level }} not in {{ no_name }} then record.source_{{ level }} end as source_{{ level }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from periods
),

placed as (
    select
        *,
        case when source_3 is not null then 3 when source_2 is not null then 2 when source_1 is not null then 1 else 0 end as depth
    from named
),

compared as (
    select
        *,
        max(depth) over (partition by account_id, grain, report_date, device, source_1) as deepest_of_first,
        min(depth) over (partition by account_id, grain, report_date, device, source_1, source_2) as highest_of_second
    from placed
)

select
    account_id,
    report_date,
    load_id,
    record,
    grain,
    device,
    source_1,
    source_2,
    source_3,
    depth = 0 as is_total
from compared
where
    depth in (0, 2)
    or (depth = 1 and deepest_of_first = 1)
    or (depth = 3 and highest_of_second = 3)
